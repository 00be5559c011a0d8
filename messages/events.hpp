// SPDX-License-Identifier: MIT
#pragma once

#include "messages/lifecycle.hpp"
#include "messages/wire/hash.hpp"

#include <caf/timespan.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The events of a node, as the event stream, `why` and `waitfor` tell them.
namespace peerage {

/// If you add one, add its name in events.cpp and its meaning here.
enum class event_type : std::uint8_t {
  node_started,           ///< Everything listens; the first event of all.
  node_stopping,          ///< An ordered stop has begun.
  network_active_changed, ///< Connections were switched on or off; see `evidence`.
  dial_started,           ///< A connection is being opened; `evidence` tells the purpose.
  dial_failed,            ///< A dial failed. `deadline`: not dialed again before.
  connection_accepted,    ///< An inbound connection has a slot and begins to shake hands.
  connection_refused,     ///< An inbound connection was closed before any work was done.
  handshake_failed,       ///< An inbound connection did not finish its handshake.
  peer_ready,             ///< The set has taken the peer in.
  peer_left,              ///< The peer ended, or the set did not take it in.
  misbehaviour,           ///< A host was scored; `reason` is the cause.
  ban_added,              ///< `range` is banned until `deadline`.
  ban_lifted,             ///< `range` is no longer banned, or its time is over.
  addresses_learned,      ///< `count` addresses were new to the address book.
  block_announced,        ///< The peer announced the block `hash`.
};

inline constexpr std::size_t event_type_count = 15;

/// snake_case.
std::string_view to_string(event_type x);
std::optional<event_type> parse_event_type(std::string_view text);

/// The cause of an event.
enum class initiator : std::uint8_t {
  unknown,
  node,      ///< Our own limits and rules.
  remote,    ///< The other side of the connection.
  user,      ///< A person or program, by option or by call.
  discovery, ///< The search for peers.
};
std::string_view to_string(initiator x);

/// The cause of a peer's end with this reason.
initiator initiator_of(peer_exit x);

/// One event. Fields without a meaning for its type keep their defaults, and are left out
/// of its JSON.
struct event {
  std::uint64_t seq = 0; ///< From 1, without holes; given by the EVENT_LOG.
  double time = 0;       ///< Unix seconds.
  event_type type = event_type::node_started;
  peer_id peer = 0; ///< 0: no peer.
  endpoint address; ///< Port 0: none.
  peer_direction direction = peer_direction::inbound;
  std::string range;  ///< As to_string(subnet) writes it, of bans.
  std::string reason; ///< The name of a peer_exit or misbehaviour, or "manual".
  initiator started_by = initiator::unknown;
  std::string evidence;     ///< The evidence for it, in a few words.
  double deadline = 0;      ///< Unix seconds; 0: none is involved.
  double score_before = -1; ///< Points of the host's reputation; below 0: not scored.
  double score_after = -1;
  std::string user_agent; ///< Sanitised.
  wire::hash256 hash;     ///< Of the latest event, if it stands for several.
  /// The number of addresses learned, or of misbehaviours; otherwise, if not 0, of alike
  /// events of one peer or host within a second that this one stands for.
  std::uint64_t count = 0;
};

nlohmann::json to_json(const event& x);

/// Selects events; a member that is not set is not compared.
struct event_filter {
  std::uint32_t types = ~std::uint32_t{0}; ///< A bit for each event_type, by its number.
  peer_id peer = 0;
  endpoint address; ///< Port 0: any port; all zero: any address.
  std::string reason;

  bool accepts(const event& x) const;
};

/// The bit of `event_filter::types`.
constexpr std::uint32_t bit_of(event_type x) {
  return std::uint32_t{1} << static_cast<unsigned>(x);
}

/// Asks the EVENT_LOG for an `event_batch`: the events from a number on. If there are
/// none yet, the answer comes with the next one, or empty after `wait`.
struct get_events {
  std::uint64_t from = 0; ///< 0: from now on.
  std::uint64_t limit = 1'000;
  caf::timespan wait{};
  event_filter filter;
};

struct event_batch {
  std::vector<event> entries; ///< In order.
  std::uint64_t first = 1;    ///< The oldest number that is still kept.
  std::uint64_t next =
    1; ///< Go on from here: the number behind the last event looked at.
  std::uint64_t last = 1; ///< The number of the next event to come.
};

/// Asks the EVENT_LOG for an `event_batch`: all remembered events of a peer or of
/// addresses, also those that the general history no longer has.
struct get_event_history {
  peer_id peer = 0;
  endpoint address; ///< Used if `peer` is 0. Port 0: any port.
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, event& x) {
  return f(caf::meta::type_name("peerage.event"), x.seq, x.time, x.type, x.peer,
           x.address, x.direction, x.range, x.reason, x.started_by, x.evidence,
           x.deadline, x.score_before, x.score_after, x.user_agent, x.hash, x.count);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, event_filter& x) {
  return f(caf::meta::type_name("peerage.event_filter"), x.types, x.peer, x.address,
           x.reason);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_events& x) {
  return f(caf::meta::type_name("peerage.get_events"), x.from, x.limit, x.wait, x.filter);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, event_batch& x) {
  return f(caf::meta::type_name("peerage.event_batch"), x.entries, x.first, x.next,
           x.last);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_event_history& x) {
  return f(caf::meta::type_name("peerage.get_event_history"), x.peer, x.address);
}

} // namespace peerage
