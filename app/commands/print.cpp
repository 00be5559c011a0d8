// SPDX-License-Identifier: MIT
#include "app/commands/print.hpp"

#include "app/terminal.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace peerage {

int print(std::string_view text) {
  if (terminal().write(text, -1) != write_result::failed)
    return 0;
  std::fprintf(stderr, "peerage: cannot write to standard output: %s\n",
               std::strerror(errno));
  return 1;
}

int print_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return print(text);
}

std::optional<std::size_t> output_width() {
  return terminal().size().width;
}

} // namespace peerage
