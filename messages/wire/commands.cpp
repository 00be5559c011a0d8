// SPDX-License-Identifier: MIT
#include "messages/wire/commands.hpp"

#include "messages/checks/expects.hpp"

#include <cstring>

namespace peerage::wire {

namespace {

constexpr std::array<std::string_view, command_count> names{
  "unknown",     "version",     "verack",       "ping",        "pong",
  "getaddr",     "addr",        "addrv2",       "sendaddrv2",  "wtxidrelay",
  "inv",         "getdata",     "notfound",     "getheaders",  "headers",
  "getblocks",   "block",       "tx",           "mempool",     "sendheaders",
  "sendcmpct",   "feefilter",   "reject",       "filterload",  "filteradd",
  "filterclear", "merkleblock", "cmpctblock",   "getblocktxn", "blocktxn",
  "getcfilters", "cfilter",     "getcfheaders", "cfheaders",   "getcfcheckpt",
  "cfcheckpt",
};
static_assert(static_cast<std::size_t>(command::cfcheckpt) + 1 == command_count);

constexpr std::array<command_field, command_count> command_fields = [] {
  std::array<command_field, command_count> result{};
  for (std::size_t i = 0; i < command_count; ++i)
    for (std::size_t j = 0; j < names[i].size(); ++j)
      result[i][j] = names[i][j];
  return result;
}();

constexpr std::size_t bucket_count = 256;

constexpr std::size_t bucket_of(const char* field) {
  std::uint32_t hash = 2166136261u; // FNV-1a over the whole field
  for (std::size_t i = 0; i < 12; ++i)
    hash = (hash ^ static_cast<std::uint8_t>(field[i])) * 16777619u;
  return (hash ^ (hash >> 15)) % bucket_count;
}

/// Where to look for a field: an open-addressed table, built by the compiler.
constexpr std::array<std::uint8_t, bucket_count> buckets = [] {
  std::array<std::uint8_t, bucket_count> result{};
  for (std::size_t i = 1; i < command_count; ++i) {
    auto at = bucket_of(command_fields[i].data());
    while (result[at] != 0)
      at = (at + 1) % bucket_count;
    result[at] = static_cast<std::uint8_t>(i);
  }
  return result;
}();

} // namespace

std::string_view to_string(command x) {
  return names[static_cast<std::size_t>(x)];
}

const command_field& field_of(command x) {
  PEERAGE_EXPECTS(x != command::unknown);
  return command_fields[static_cast<std::size_t>(x)];
}

command command_of(const char* field) noexcept {
  for (auto at = bucket_of(field); buckets[at] != 0; at = (at + 1) % bucket_count)
    if (std::memcmp(command_fields[buckets[at]].data(), field, 12) == 0)
      return static_cast<command>(buckets[at]);
  return command::unknown;
}

} // namespace peerage::wire
