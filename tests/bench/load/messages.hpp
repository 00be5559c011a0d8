#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

/// The messages of the load: as few as it needs, and none of the project's code.
namespace load_client {

using byte = std::uint8_t;
using bytes = std::vector<byte>;

inline constexpr std::array<byte, 4> regtest_magic{0xfa, 0xbf, 0xb5, 0xda};
inline constexpr std::size_t header_size = 24;
inline constexpr std::size_t command_offset = 4;
inline constexpr std::size_t length_offset = 16;
inline constexpr std::size_t checksum_size = 4;
inline constexpr std::size_t ping_size = header_size + 8;
inline constexpr std::uint32_t payload_limit = 4'000'000;
inline constexpr std::uint64_t own_protocol_version = 70016;

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

std::uint64_t random_number();

void put_integer(bytes& out, std::uint64_t value, std::size_t width);

template <class Range>
void put_range(bytes& out, const Range& range) {
  out.insert(out.end(), range.begin(), range.end());
}

/// With its checksum.
void put_message(bytes& out, const command& name, std::span<const byte> payload);

bytes make_version();

/// Builds a block of one transaction whose script makes up the wanted size.
/// @throws usage_problem if that is not possible.
bytes make_block(std::size_t size);

/// Prebuilt pings with different nonces, and the pongs that answer them, each behind the
/// previous one, so that many go out with one call. Every connection starts at the first.
class ping_ring {
public:
  explicit ping_ring(std::size_t largest_run)
      : count_(std::max(std::size_t{1024}, 2 * largest_run)) {
    // The beginning follows the end once more: no run is ever broken.
    for (std::size_t i = 0; i < count_ + largest_run; ++i) {
      bytes nonce;
      put_integer(nonce, first_nonce_ + i % count_, 8);
      put_message(pings_, ping_command, nonce);
      put_message(pongs_, pong_command, nonce);
    }
  }

  std::span<const byte> pings(std::size_t first, std::size_t count) const {
    return std::span{pings_}.subspan(first * ping_size, count * ping_size);
  }

  const byte* pong(std::size_t index) const { return pongs_.data() + index * ping_size; }

  std::size_t after(std::size_t index, std::size_t step) const {
    return (index + step) % count_;
  }

private:
  std::size_t count_;
  // Half of the numbers are enough, and the sum must not wrap around.
  std::uint64_t first_nonce_ = random_number() >> 1;
  bytes pings_;
  bytes pongs_;
};

} // namespace load_client
