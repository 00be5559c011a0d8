// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

/// Shared by the programs of the benchmarks: none of it is code of the project.
namespace bench {

/// The server's failure, in a sentence.
struct server_problem : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A mistake on the command line.
struct usage_problem : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] inline void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

template <class Number>
Number parse_number(const std::string& name, std::string_view text, Number lowest,
                    Number highest) {
  Number result{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), result);
  const bool whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  if (!whole || !(result >= lowest && result <= highest))
    throw usage_problem(name + " " + std::string{text} + ": expected a number from " +
                        std::to_string(lowest) + " to " + std::to_string(highest));
  return result;
}

inline sockaddr_in parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  sockaddr_in result{};
  result.sin_family = AF_INET;
  const std::string host{text.substr(0, colon)};
  if (colon == text.npos || ::inet_pton(AF_INET, host.c_str(), &result.sin_addr) != 1)
    throw usage_problem(std::string{text} + ": expected IPV4:PORT");
  result.sin_port =
    htons(parse_number<std::uint16_t>("port", text.substr(colon + 1), 1, 65535));
  return result;
}

/// Lets the process have as many descriptors as the system grants; returns how many.
inline std::size_t take_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw_errno("setrlimit");
  return limit.rlim_cur;
}

inline std::string to_text(double value) {
  std::array<char, 64> buffer;
  const int size = std::snprintf(buffer.data(), buffer.size(), "%.1f", value);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

} // namespace bench
