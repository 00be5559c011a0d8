// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace peerage {

/// The JSON Schema (2020-12) of a document, from schemas/NAME.json; empty if there is
/// none of that name.
std::string_view schema_of(std::string_view name);

} // namespace peerage
