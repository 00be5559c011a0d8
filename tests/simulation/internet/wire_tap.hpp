// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/slice.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace peerage::test {

/// Reads along in one direction of a connection, as far as envelopes: which commands were
/// sent, and how often. Garbage is noise to it.
class wire_tap {
public:
  struct counts {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pings = 0;
    /// Questions behind which a ping is sent as a fence: getheaders, getblocks.
    std::uint64_t fenced = 0;
    bool verack = false;
  };

  /// True if a ping was among what was sent.
  bool read(wire::bytes_view sent);
  const counts& seen() const { return seen_; }

private:
  static constexpr std::size_t envelope_size = 24;

  void note(std::string_view command);

  std::array<char, envelope_size> envelope_{};
  std::size_t filled_ = 0;
  std::size_t payload_left_ = 0;
  counts seen_;
};

} // namespace peerage::test
