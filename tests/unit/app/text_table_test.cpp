// SPDX-License-Identifier: MIT
#include "app/text_table.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

using lines = std::vector<std::string>;

/// 2 + 4 + 12 characters, with gaps 22.
text_table small_table() {
  text_table result{{{"id", alignment::right, 1},
                     {"name", alignment::left, 3},
                     {"words", alignment::left, 2, 5}}};
  result.add_row({"7", "ab", "one two many"});
  result.add_row({"12", "abcd", "none"});
  return result;
}

} // namespace

TEST_CASE("columns are aligned, without blanks at the end") {
  CHECK(small_table().lines(std::nullopt) == lines{
                                               "id  name  words",
                                               " 7  ab    one two many",
                                               "12  abcd  none",
                                             });
  CHECK(small_table().lines(22) == small_table().lines(std::nullopt));
}

TEST_CASE("first cells are cut where they may be") {
  CHECK(small_table().lines(21)[1] == " 7  ab    one two ...");
  CHECK(small_table().lines(15) == lines{
                                     "id  name  words",
                                     " 7  ab    on...",
                                     "12  abcd  none",
                                   });
}

TEST_CASE("then the least important column goes, and gives its room to the others") {
  CHECK(small_table().lines(14) == lines{
                                     "name  words",
                                     "ab    one t...",
                                     "abcd  none",
                                   });
  CHECK(small_table().lines(10) == lines{"id  name", " 7  ab", "12  abcd"});
}

TEST_CASE("where a wide column has no room, a narrow one may") {
  text_table table{{{"a", alignment::left, 3},
                    {"b", alignment::left, 1},
                    {"wide column", alignment::left, 2}}};
  CHECK(table.lines(14) == lines{"a  wide column"});
  CHECK(table.lines(13) == lines{"a  b"});
}

TEST_CASE("what is left is cut") {
  CHECK(small_table().lines(2) == lines{"na", "ab", "ab"});
  CHECK(small_table().lines(0) == lines{"", "", ""});
}

TEST_CASE("no line is wider than there is room") {
  for (std::size_t width = 0; width < 30; ++width)
    for (const auto& line : small_table().lines(width))
      CHECK(line.size() <= width);
}

TEST_CASE("headings alone; a row that is too short") {
  text_table table{{{"a"}, {"b"}}};
  CHECK(table.lines(80) == lines{"a  b"});
  table.add_row({"1"});
  CHECK(table.lines(80) == lines{"a  b", "1"});
}
