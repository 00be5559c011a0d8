// SPDX-License-Identifier: MIT
#include "app/log_merger.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

bool log_merger::admit(int level, std::string_view kind, std::string_view text,
                       std::string_view members, time_point now) {
  auto key = std::to_string(level);
  key += ' ';
  key += kind;
  auto& found =
    kinds_.try_emplace(std::move(key), window_count{now + window, 0, {}}).first->second;
  if (found.written < burst) {
    ++found.written;
    return true;
  }
  if (found.rest.count++ == 0) {
    found.rest.level = level;
    found.rest.example = text;
    found.rest.members = members;
  }
  return false;
}

std::vector<log_merger::merged> log_merger::due(time_point now) {
  auto result = take_counts(now);
  std::erase_if(kinds_, [now](const auto& x) { return x.second.end <= now; });
  return result;
}

std::vector<log_merger::merged> log_merger::counted_so_far() {
  return take_counts(time_point::max());
}

std::vector<log_merger::merged> log_merger::take_counts(time_point now) {
  std::vector<window_count> found;
  for (auto& [kind, x] : kinds_)
    if (x.rest.count > 0 && x.end <= now)
      found.push_back({x.end, x.written, std::exchange(x.rest, {})});
  std::ranges::stable_sort(found, {}, &window_count::end);
  std::vector<merged> result;
  result.reserve(found.size());
  for (auto& x : found)
    result.push_back(std::move(x.rest));
  return result;
}

std::optional<log_merger::time_point> log_merger::next_due() const {
  std::optional<time_point> result;
  for (const auto& [kind, x] : kinds_)
    if (x.rest.count > 0 && (!result || x.end < *result))
      result = x.end;
  return result;
}

} // namespace peerage
