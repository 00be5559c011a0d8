// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace peerage {

/// A file of the page for people. Both texts must outlive the server.
struct page_file {
  std::string_view path; ///< Like "/", an HTML page, or "/page/peers.js".
  std::string_view text;
};

} // namespace peerage
