#pragma once

#include "actors/discovery/interfaces.hpp"

#include <nlohmann/json.hpp>

namespace peerage {

nlohmann::json to_json(const known_address_list& x);
nlohmann::json to_json(const bans& x);

} // namespace peerage
