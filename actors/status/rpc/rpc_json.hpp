// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>

namespace peerage {

/// Keeps the order of fields: some clients print them as they come.
using rpc_json = nlohmann::ordered_json;

/// Deeper or larger documents are refused: no valid call is like that.
inline constexpr std::size_t rpc_json_max_depth = 32;
inline constexpr std::size_t rpc_json_max_keys = 100;       ///< Of one object.
inline constexpr std::size_t rpc_json_max_values = 100'000; ///< Of one document.

/// Reads one JSON document strictly: UTF-8, no repeated keys, within limits. False, with
/// a text for people, if it is none. Takes any bytes (there is a fuzz target).
bool parse_rpc_json(const std::string& text, rpc_json& out, std::string& error);

/// Writes a document. Fractions are written out, as Bitcoin Core writes amounts:
/// 0.00001000 where others have 1e-05, which not every client reads.
std::string write_rpc_json(const rpc_json& x);

} // namespace peerage
