// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/slice.hpp"

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace peerage::wire {

/// A double SHA-256 as it stands on the wire: the least significant byte comes first.
/// Block hashes, txids and wtxids are of this type.
struct hash256 {
  std::array<std::uint8_t, 32> bytes{};

  friend auto operator<=>(const hash256&, const hash256&) = default;

  bool is_zero() const { return *this == hash256{}; }
};

/// The hash as people write it: hex, most significant byte first.
std::string to_string(const hash256& hash);

/// Reads what `to_string` writes; false if `text` is not 64 hex digits.
bool parse_hash(std::string_view text, hash256& out);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hash256& x) {
  return f(caf::meta::type_name("peerage.hash256"), x.bytes);
}

/// SHA-256 applied twice.
hash256 double_sha256(bytes_view bytes);

/// The first four bytes of the double SHA-256, as the v1 envelope carries them.
std::uint32_t checksum(bytes_view payload);

/// The same, of the hash of a payload.
std::uint32_t checksum_of(const hash256& hash);

/// SHA-256 over bytes that arrive in pieces, then applied once more.
class double_sha256_stream {
public:
  double_sha256_stream();
  void update(bytes_view bytes);
  hash256 finish(); ///< Ends the stream; call it once.

private:
  /// Large enough for OpenSSL's state, which stays out of this header.
  alignas(8) std::array<std::byte, 112> state_;
};

} // namespace peerage::wire

template <>
struct std::hash<peerage::wire::hash256> {
  std::size_t operator()(const peerage::wire::hash256& x) const noexcept {
    // Uniform unless ground by a remote: containers keyed by remote-chosen hashes are
    // bounded by the request that made them.
    std::size_t result;
    std::memcpy(&result, x.bytes.data(), sizeof result);
    return result;
  }
};
