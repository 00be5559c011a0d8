// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"
#include "messages/subnet.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>

/// Addresses as tests write them.
namespace peerage::test {

inline endpoint at(std::string_view text) {
  endpoint result;
  REQUIRE(parse_endpoint(text, 8333, result));
  return result;
}

inline subnet range(std::string_view text) {
  subnet result;
  REQUIRE(parse_subnet(text, result));
  return result;
}

/// The IPv4 address with these 32 bits.
inline endpoint ipv4(std::uint64_t number) {
  auto byte = [&](int shift) { return static_cast<std::uint8_t>(number >> shift); };
  return ipv4_endpoint(byte(24), byte(16), byte(8), byte(0), 8333);
}

} // namespace peerage::test
