// SPDX-License-Identifier: MIT
#pragma once

#include "messages/misbehaviour.hpp"
#include "messages/subnet.hpp"
#include "messages/time.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace peerage {

/// Addresses that we neither accept, dial, nor gossip, until a given time.
struct ban {
  subnet range;
  unix_seconds created = 0;
  unix_seconds until = 0;            ///< In force before this, not at it.
  std::optional<misbehaviour> cause; ///< Empty: a person asked for it.

  friend bool operator==(const ban&, const ban&) = default;

  bool is_manual() const { return !cause; }
};

/// "manual", or the name of the cause.
std::string_view reason_of(const ban& x);

/// As the status socket shows it.
nlohmann::json to_json(const ban& x);

/// The result of a change of the list. In brackets stand the error codes of Bitcoin
/// Core's `setban`.
enum class ban_result : std::uint8_t {
  done,
  already_banned, ///< -23 (RPC_CLIENT_NODE_ALREADY_ADDED).
  not_banned,     ///< -30 (RPC_CLIENT_INVALID_IP_OR_SUBNET).
  time_in_past,   ///< -8 (RPC_INVALID_PARAMETER).
  full,           ///< No room except in place of bans that weigh more. Core has no bound.
};

/// snake_case.
std::string_view to_string(ban_result x);

} // namespace peerage
