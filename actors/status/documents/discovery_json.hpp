#pragma once

#include "actors/discovery/interfaces.hpp"

#include <nlohmann/json.hpp>

namespace peerage {

nlohmann::json to_json(const known_address& x);
nlohmann::json to_json(const ban& x);

} // namespace peerage
