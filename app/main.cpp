// SPDX-License-Identifier: MIT
#include "app/command_line.hpp"
#include "app/run.hpp"
#include "app/standard_streams.hpp"
#include "app/terminal.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

namespace {

/// Help, or the version.
int print(const std::string& text) {
  if (peerage::terminal().write(text, -1) != peerage::write_result::failed)
    return 0;
  std::fprintf(stderr, "peerage: cannot write to standard output: %s\n",
               std::strerror(errno));
  return 1;
}

int run(int argc, char** argv) {
  auto told = peerage::parse_command_line(argc, argv);
  if (auto* exit = std::get_if<peerage::early_exit>(&told)) {
    if (exit->status == 0)
      return print(exit->text);
    std::fprintf(stderr, "%s\n", exit->text.c_str());
    return exit->status;
  }
  if (auto* status = std::get_if<peerage::status_command_options>(&told))
    return peerage::run_status_command(*status);
  return peerage::run_node(std::get<peerage::run_options>(told));
}

} // namespace

int main(int argc, char** argv) {
  peerage::open_standard_streams();
  peerage::ignore_write_signals();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peerage: the system has not enough for a start: %s\n",
                 error.what());
    return 2;
  }
}
