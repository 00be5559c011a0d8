// SPDX-License-Identifier: MIT
#include "messages/ban.hpp"

#include <nlohmann/json.hpp>

namespace peerage {

std::string_view reason_of(const ban& x) {
  return x.cause ? to_string(*x.cause) : "manual";
}

nlohmann::json to_json(const ban& x) {
  return {
    {"range", to_string(x.range)},
    {"created", x.created},
    {"until", x.until},
    {"reason", reason_of(x)},
  };
}

std::string_view to_string(ban_result x) {
  switch (x) {
  case ban_result::done: return "done";
  case ban_result::already_banned: return "already_banned";
  case ban_result::not_banned: return "not_banned";
  case ban_result::time_in_past: return "time_in_past";
  case ban_result::full: return "full";
  }
  return "full";
}

} // namespace peerage
