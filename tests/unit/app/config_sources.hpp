// SPDX-License-Identifier: MIT
#pragma once

#include "app/given_options.hpp"
#include "app/option_spec.hpp"

#include <string>
#include <vector>

namespace peerage {

/// An option of each kind; none of them sets anything.
inline std::vector<option_spec> options_of_each_kind() {
  return {
    {"network", "NAME", "", "", false, {}},
    {"listen", "ADDR:PORT", "", "", true, {}},
    {"max-inbound", "N", "", "", false, {}},
    {"max-per-subnet", "N", "", "", false, {}},
    {"ping-interval", "SECONDS", "", "", false, {}},
    {"no-dns-seeds", "", "", "", false, {}},
  };
}

inline std::vector<std::string> texts_of(const std::vector<config_mistake>& from) {
  std::vector<std::string> result;
  for (const auto& x : from)
    result.push_back(x.text);
  return result;
}

inline std::vector<std::string> values_of(const given_options& from, const char* option) {
  std::vector<std::string> result;
  if (auto found = from.find(option); found != from.end())
    for (const auto& x : found->second.values)
      result.push_back(x.text);
  return result;
}

} // namespace peerage
