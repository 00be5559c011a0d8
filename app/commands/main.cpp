// SPDX-License-Identifier: MIT
#include "app/commands/command_line.hpp"
#include "app/standard_streams.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  peerage::open_standard_streams();
  peerage::ignore_write_signals();
  try {
    return peerage::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peerage: the system has not enough for a start: %s\n",
                 error.what());
    return 2;
  }
}
