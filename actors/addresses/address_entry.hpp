// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace peerage {

/// What we know of an address by our own dials.
enum class address_state : std::uint8_t {
  never_tried, ///< No dial of ours has ended yet.
  pending,     ///< Given out for dialing; its dial has not ended yet.
  responded,   ///< The last dial that ended was a success.
  failed,      ///< The last dial that ended was a failure.
};

std::string_view to_string(address_state x);

/// An entry of the address table, as it is kept and saved.
struct address_entry {
  /// Canonical. Its time is when the node was last seen: by hearsay, unless a connection
  /// of ours lasted.
  wire::network_address address;
  /// The first source; empty for DNS seeds, configuration and the like.
  std::optional<endpoint> source;
  unix_seconds last_attempt = 0; ///< 0: never.
  unix_seconds last_success = 0; ///< Handshakes that finished; 0: never.
  std::uint32_t failures = 0;    ///< In a row.
  bool given_out = false;        ///< For dialing, and not returned. Not worth saving.
  bool tried = false;            ///< In a tried bucket; else in a new one.

  friend bool operator==(const address_entry&, const address_entry&) = default;

  /// The endpoint to dial; empty for Tor, I2P and CJDNS.
  std::optional<endpoint> remote() const;

  /// An entry is pending for at most `longest_pending`, even if the end of the dial is
  /// never reported.
  address_state state(unix_seconds now) const;
  bool is_pending(unix_seconds now) const { return state(now) == address_state::pending; }

  /// Not worth its place: not seen for 30 days or seen in the future, 3 failures and
  /// never a success, or 10 failures and no success for 7 days. Never while a dial is
  /// pending or less than a minute old. Source: Bitcoin Core, `AddrInfo::IsTerrible`.
  bool is_terrible(unix_seconds now) const;

  /// How likely the entry should be taken when it is drawn for dialing, in (0, 1]: a
  /// hundredth for 10 minutes after an attempt, and two thirds for each failure up to 8.
  /// Source: Bitcoin Core, `AddrInfo::GetChance`.
  double chance(unix_seconds now) const;

  /// Seconds: many times longer than a dial and its handshake may take.
  static constexpr unix_seconds longest_pending = 600;
};

/// When an address counts as last seen if `claimed` is told: a time in the future (by
/// more than 10 minutes) or before the network's own (Bitcoin Core: 100,000,000) is taken
/// for five days ago, neither fresh nor worthless.
std::uint32_t plausible_last_seen(unix_seconds claimed, unix_seconds now);

} // namespace peerage
