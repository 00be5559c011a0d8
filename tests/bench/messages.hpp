// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

/// The messages that the programs without any code of ours exchange on regtest.
namespace bench {

using byte = std::uint8_t;
using bytes = std::vector<byte>;

inline constexpr std::array<byte, 4> regtest_magic{0xfa, 0xbf, 0xb5, 0xda};
inline constexpr std::size_t header_size = 24;
inline constexpr std::size_t command_offset = 4;
inline constexpr std::size_t length_offset = 16;
inline constexpr std::size_t checksum_offset = 20;
inline constexpr std::size_t checksum_size = 4;
inline constexpr std::size_t ping_payload_size = 8;
inline constexpr std::size_t ping_size = header_size + ping_payload_size;
inline constexpr std::uint32_t payload_limit = 4'000'000;
inline constexpr std::int32_t own_protocol_version = 70016;

using command = std::array<char, 12>;

constexpr command make_command(std::string_view name) {
  command result{};
  std::copy(name.begin(), name.end(), result.begin());
  return result;
}

inline constexpr command version_command = make_command("version");
inline constexpr command verack_command = make_command("verack");
inline constexpr command ping_command = make_command("ping");
inline constexpr command pong_command = make_command("pong");

inline bool is_command(const byte* header, const command& expected) {
  return std::memcmp(header + command_offset, expected.data(), expected.size()) == 0;
}

inline std::uint32_t read_u32(const byte* from) {
  return static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8 |
         static_cast<std::uint32_t>(from[2]) << 16 |
         static_cast<std::uint32_t>(from[3]) << 24;
}

std::array<byte, 32> double_sha256(std::span<const byte> data);

std::uint64_t random_number();

void put_integer(bytes& out, std::uint64_t value, std::size_t width);

template <class Range>
void put_range(bytes& out, const Range& range) {
  out.insert(out.end(), range.begin(), range.end());
}

/// With its checksum.
void put_message(bytes& out, const command& name, std::span<const byte> payload);

/// Of the highest version, without services, height and relay.
bytes make_version(std::string_view user_agent);

} // namespace bench
