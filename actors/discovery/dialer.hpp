#pragma once

#include "actors/discovery/listener.hpp"
#include "actors/peer/peer.hpp"

#include <vector>

namespace peerage {

using dialer_actor = peer_sink_actor::extend<
  caf::reacts_to<attach_peer_set>, caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>,
  caf::replies_to<get_discovery_counts>::with<discovery_counts>,
  // A pinned peer may be dialed again; the token is its place in the list.
  caf::reacts_to<alarm>>;

/// Dials in flight at one time (invariant I7), as zebra-network has it.
inline constexpr std::size_t max_dials_in_flight = 50;

/// A pinned peer is dialed again after this long, doubled with each failure up to the
/// longest. A connection shorter than `settled` counts as a failure: who hangs up at once
/// is not called every second.
inline constexpr std::chrono::seconds first_redial{1};
inline constexpr std::chrono::seconds longest_redial{60};
inline constexpr std::chrono::seconds settled{10};

struct pinned_peer {
  enum class phase : std::uint8_t { waiting, due, dialing, connected };

  endpoint remote;
  phase now = phase::due;
  unsigned failures = 0; ///< In a row.
  time_point connected_at;
};

struct dialer_state {
  dialer_state() = default;

  peer_context_ptr context;
  std::vector<pinned_peer> pinned;
  std::size_t max_outbound = 0;
  peer_set_actor peers;
  discovery_counts counts;
  std::size_t connected = 0;
  static inline const char* name = "dialer";
};

/// Keeps the pinned peers connected, for ever: dials up to `max_dials_in_flight` at once,
/// and again with growing pauses when a dial fails or a peer leaves. Pinned peers beyond
/// `max_outbound` wait until a place is free.
dialer_actor::behavior_type dialer(dialer_actor::stateful_pointer<dialer_state> self,
                                   peer_context_ptr context,
                                   const std::vector<endpoint>& pinned,
                                   std::size_t max_outbound);

} // namespace peerage
