// SPDX-License-Identifier: MIT
#include "app/nearest_name.hpp"

#include <algorithm>
#include <numeric>

namespace peerage {

namespace {

/// Longer names are no slips of a name of ours.
constexpr std::size_t longest_name = 64;

std::string in_usual_letters(std::string_view x) {
  std::string result{x};
  for (auto& c : result)
    c = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::size_t distance(const std::string& a, const std::string& b) {
  const auto width = b.size() + 1;
  // Three rows of the table: of the last two characters of `a`, and of this one.
  std::vector<std::size_t> before_last(width);
  std::vector<std::size_t> last(width);
  std::vector<std::size_t> row(width);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const std::size_t differs = a[i - 1] != b[j - 1];
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + differs});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last.back();
}

} // namespace

std::string_view nearest_name(std::string_view given,
                              const std::vector<std::string_view>& names) {
  if (given.size() > longest_name)
    return {};
  const auto text = in_usual_letters(given);
  std::string_view best;
  auto least = std::max<std::size_t>(text.size() / 3, 1) + 1; // more is another word
  for (auto name : names) {
    const auto steps = distance(text, in_usual_letters(name));
    if (steps < least) {
      least = steps;
      best = name;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view given,
                         const std::vector<std::string_view>& names) {
  const auto name = nearest_name(given, names);
  return name.empty() ? "" : " (did you mean " + std::string(name) + "?)";
}

} // namespace peerage
