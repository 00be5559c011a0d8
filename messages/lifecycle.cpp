// SPDX-License-Identifier: MIT
#include "messages/lifecycle.hpp"

#include <caf/exit_reason.hpp>

#include <array>

namespace peerage {

namespace {

constexpr std::array<std::string_view, peer_exit_count + 1> exit_names{
  "none",
  "client_dropped",
  "shutting_down",
  "remote_closed",
  "disconnect_requested",
  "feeler_done",
  "truncated_message",
  "socket_error",
  "connect_refused",
  "connect_timeout",
  "connect_failed",
  "unsent_overflow",
  "handshake_timeout",
  "ping_timeout",
  "idle_timeout",
  "wrong_magic",
  "oversized_message",
  "too_many_entries",
  "headers_not_linked",
  "header_without_work",
  "obsolete_version",
  "late_feature_message",
  "unoffered_service",
  "self_connection",
  "inbound_limit",
  "address_limit",
  "subnet_limit",
  "connection_flood",
  "evicted",
  "banned",
  "lacks_services",
  "network_inactive",
  "load_shed",
  "out_of_reach",
  "no_descriptor",
  "internal_error",
};
static_assert(static_cast<std::size_t>(peer_exit::internal_error) == peer_exit_count);

constexpr std::array<std::string_view, ignored_count> ignored_names{
  "before_version",  "before_verack",     "duplicate_handshake", "old_peer_feature",
  "unknown_command", "bad_checksum",      "malformed",           "odd_pong",
  "unsolicited",     "unknown_inventory", "repeated_getaddr",    "obsolete",
  "service_failure",
};
static_assert(static_cast<std::size_t>(ignored::service_failure) + 1 == ignored_count);

} // namespace

std::string_view to_string(peer_direction x) {
  return x == peer_direction::inbound ? "inbound" : "outbound";
}

std::string_view to_string(peer_exit x) {
  auto index = static_cast<std::size_t>(x);
  return index < exit_names.size() ? exit_names[index] : exit_names.back();
}

std::string_view to_string(ignored x) {
  return ignored_names[static_cast<std::size_t>(x)];
}

peer_exit exit_of(const caf::error& reason) {
  if (!reason) // an actor that quit without a reason; it has no category
    return peer_exit::internal_error;
  if (reason.category() == caf::atom("peer_exit") && reason.code() >= 1 &&
      reason.code() <= peer_exit_count)
    return static_cast<peer_exit>(reason.code());
  if (reason == caf::exit_reason::unreachable)
    return peer_exit::client_dropped;
  if (reason == caf::exit_reason::user_shutdown)
    return peer_exit::shutting_down;
  return peer_exit::internal_error;
}

} // namespace peerage
