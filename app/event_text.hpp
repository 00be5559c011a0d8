// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace peerage {

/// An event of the node, as JSON has it, in one line of ASCII: when, what, about whom,
/// and what else is known of it.
std::string event_line(const nlohmann::ordered_json& event);

} // namespace peerage
