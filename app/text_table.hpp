// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace peerage {

enum class alignment : std::uint8_t { left, right };

/// One column of a `text_table`.
struct table_column {
  std::string heading;
  alignment align = alignment::left;
  /// Where room is short, columns with a higher one get it first.
  int importance = 0;
  /// Its cells may be cut to this many characters before any column is left out.
  std::size_t least_width = std::numeric_limits<std::size_t>::max();
};

/// Rows of ASCII text in aligned columns, two spaces apart.
class text_table {
public:
  explicit text_table(std::vector<table_column> columns);

  /// One cell for each column.
  void add_row(std::vector<std::string> cells);

  /// The headings and the rows, none wider than `width` characters: first cells are cut
  /// where their columns allow it, then columns are left out. Without `width`,
  /// everything.
  std::vector<std::string> lines(std::optional<std::size_t> width) const;

private:
  using indices = std::vector<std::size_t>;
  std::vector<std::size_t> natural_widths() const;
  std::vector<std::size_t> least_widths(const std::vector<std::size_t>& natural) const;
  indices shown_columns(const std::vector<std::size_t>& least, std::size_t width) const;
  std::string line(const std::vector<std::string>& cells, const indices& shown,
                   const std::vector<std::size_t>& widths) const;

  std::vector<table_column> columns_;
  std::vector<std::vector<std::string>> rows_; ///< The headings come first.
};

} // namespace peerage
