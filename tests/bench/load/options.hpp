// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

namespace bench {

using seconds = std::chrono::duration<double>;

struct options {
  std::string subcommand;
  sockaddr_in server{};
  std::size_t connections = 0;
  std::size_t window = 1;
  std::size_t in_flight = 0;
  std::size_t size = 1'000'000;
  seconds duration = seconds{3};
  bool until_pong = true;
  long server_process = 0;
};

extern const char* const usage;

/// @throws usage_problem
options parse_options(std::span<char*> arguments);

} // namespace bench
