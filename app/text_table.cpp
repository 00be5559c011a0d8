// SPDX-License-Identifier: MIT
#include "app/text_table.hpp"

#include "app/human_text.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace peerage {

namespace {

constexpr std::size_t gap = 2;

std::size_t total_width(const std::vector<std::size_t>& shown,
                        const std::vector<std::size_t>& widths) {
  auto result = shown.empty() ? 0 : gap * (shown.size() - 1);
  for (auto i : shown)
    result += widths[i];
  return result;
}

} // namespace

text_table::text_table(std::vector<table_column> columns) : columns_(std::move(columns)) {
  auto& headings = rows_.emplace_back();
  for (const auto& column : columns_)
    headings.push_back(column.heading);
}

void text_table::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> text_table::natural_widths() const {
  std::vector<std::size_t> result(columns_.size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i)
      result[i] = std::max(result[i], row[i].size());
  return result;
}

std::vector<std::size_t>
text_table::least_widths(const std::vector<std::size_t>& natural) const {
  auto result = natural;
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = std::min(result[i], columns_[i].least_width);
  return result;
}

/// The most important ones that fit, in their order. One is shown in any case.
text_table::indices text_table::shown_columns(const std::vector<std::size_t>& least,
                                              std::size_t width) const {
  indices candidates(columns_.size());
  std::iota(candidates.begin(), candidates.end(), std::size_t{0});
  std::ranges::stable_sort(candidates, std::greater{},
                           [this](std::size_t i) { return columns_[i].importance; });
  indices result;
  for (auto i : candidates) {
    result.push_back(i);
    if (result.size() > 1 && total_width(result, least) > width)
      result.pop_back();
  }
  std::ranges::sort(result);
  return result;
}

std::string text_table::line(const std::vector<std::string>& cells, const indices& shown,
                             const std::vector<std::size_t>& widths) const {
  std::string result;
  for (auto i : shown) {
    auto cell = cut(cells[i], widths[i]);
    std::string padding(widths[i] - cell.size(), ' ');
    if (i != shown.front())
      result.append(gap, ' ');
    result += columns_[i].align == alignment::left ? cell + padding : padding + cell;
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string> text_table::lines(std::optional<std::size_t> width) const {
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  auto limit = width.value_or(unlimited);
  auto widths = natural_widths();
  auto least = least_widths(widths);
  auto shown = shown_columns(least, limit);
  for (auto i : shown) {
    auto total = total_width(shown, widths);
    if (total <= limit)
      break;
    widths[i] -= std::min(total - limit, widths[i] - least[i]);
  }
  std::vector<std::string> result;
  result.reserve(rows_.size());
  for (const auto& row : rows_)
    result.push_back(cut(line(row, shown, widths), limit));
  return result;
}

} // namespace peerage
