// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_table.hpp"

#include <map>
#include <random>
#include <vector>

/// Shared by the tests of the address table.
namespace peerage::address_table_testing {

inline constexpr unix_seconds minute = one_minute;
inline constexpr unix_seconds hour = one_hour;
inline constexpr unix_seconds day = one_day;
inline constexpr unix_seconds start = 1'800'000'000;

inline constexpr hash_secret secret{1, 2,  3,  4,  5,  6,  7,  8,
                                    9, 10, 11, 12, 13, 14, 15, 16};

inline wire::network_address seen(const endpoint& x, unix_seconds time = start,
                                  std::uint64_t services = 0) {
  return wire::to_network_address(
    {static_cast<std::uint32_t>(time), {services, x.ip, x.port}});
}

inline wire::network_address overlay(std::uint8_t network, std::size_t length,
                                     std::uint8_t first, std::uint8_t last = 0) {
  wire::network_address result{static_cast<std::uint32_t>(start), 0, network, {}, 8333};
  result.bytes.assign(length, 7);
  result.bytes.front() = first;
  result.bytes.back() = last;
  return result;
}

/// An IPv4 address anywhere.
inline endpoint anywhere(std::mt19937_64& random) {
  auto x = random();
  auto byte = [&](int i) { return static_cast<std::uint8_t>(x >> (8 * i)); };
  return ipv4_endpoint(static_cast<std::uint8_t>(1 + byte(0) % 120), byte(1), byte(2),
                       byte(3), 8333);
}

inline endpoint in_range(std::uint8_t a, std::uint8_t b, std::size_t i) {
  return ipv4_endpoint(a, b, static_cast<std::uint8_t>(i >> 8),
                       static_cast<std::uint8_t>(i), 8333);
}

inline bool any(const address_entry&) {
  return true;
}

inline bool none(const address_entry&) {
  return false;
}

/// An empty table, and a source of randomness with a seed.
struct address_table_fixture {
  random_source random{7};
  address_table table{secret, random};

  /// Adds and answers.
  void respond(const endpoint& x, unix_seconds now) {
    table.insert(seen(x, now), x, now);
    table.connected(x, 1, now);
  }
};

/// `count` addresses that all have the same slot, among the new (told by themselves) or
/// among the tried.
inline std::vector<endpoint> rivals(std::size_t count, bool tried) {
  const address_placement placement{secret};
  std::map<std::pair<std::size_t, std::size_t>, std::vector<endpoint>> by_place;
  std::mt19937_64 random{1};
  for (;;) {
    auto x = anywhere(random);
    auto [bucket, slot] =
      tried ? placement.among_tried(seen(x)) : placement.among_new(seen(x), x);
    auto& same = by_place[{bucket, slot}];
    same.push_back(x);
    if (same.size() == count)
      return same;
  }
}

} // namespace peerage::address_table_testing
