// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/documents/page_file.hpp"
#include "actors/status/http/http_router.hpp"

#include <vector>

namespace peerage {

/// The resources that are the same for every node: GET /schema/NAME, and the page's
/// files.
void add_fixed_documents(http_router& routes, const std::vector<page_file>& page);

} // namespace peerage
