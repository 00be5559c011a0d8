// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/documents/page_file.hpp"

#include <vector>

namespace peerage {

/// The page that a node serves to people: the files of the folder `page`.
std::vector<page_file> page_files();

} // namespace peerage
