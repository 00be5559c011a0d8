// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace peerage {

/// The manual page of all commands, in the language of man: made from the command line
/// itself.
std::string manual_page(const CLI::App& program);

} // namespace peerage
