// SPDX-License-Identifier: MIT
#include "app/option_spec.hpp"

#include <algorithm>

namespace peerage {

const option_spec* find_option(const std::vector<option_spec>& options,
                               std::string_view name) {
  for (const auto& [before, now] : renamed_options)
    if (name == before)
      name = now;
  auto found =
    std::ranges::find_if(options, [&](const option_spec& x) { return x.name == name; });
  return found == options.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(const std::vector<option_spec>& options) {
  std::vector<std::string_view> result;
  result.reserve(options.size());
  for (const auto& x : options)
    result.emplace_back(x.name);
  return result;
}

} // namespace peerage
