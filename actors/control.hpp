#pragma once

#include "actors/base/local_message.hpp"
#include "messages/requests.hpp"
#include "messages/snapshots.hpp"
#include "messages/subnet.hpp"

#include <optional>
#include <string>
#include <vector>

/// What a person or a program asks of a running node. Each question goes to the actor
/// that owns the answer.
namespace peerage {

// -- the DIALER
// --------------------------------------------------------------------------

/// Stay connected to this peer, now and after the next start. Answers false if it was
/// added before, and true when that is on the disk; an error says that it is not, though
/// the peer is dialed.
struct add_manual_peer {
  endpoint remote;
  std::string text{}; ///< What it is listed and removed as; empty: the endpoint's.
};
/// No longer dial it again; a connection that exists stays. Answers false if nothing was
/// added with this text, else as `add_manual_peer`.
struct remove_manual_peer {
  std::string text;
};
/// Dial it once, now, whatever pauses and places say. Answers false if it is connected or
/// being dialed.
struct dial_once {
  endpoint remote;
};
struct get_manual_peers {};
/// Who was added, by `add_manual_peer` or at the start.
struct manual_peers {
  struct entry {
    std::string text;
    std::optional<endpoint> remote; ///< Nothing if the text means nothing at the moment.
    bool connected = false;         ///< By a connection of ours.
  };
  std::vector<entry> entries; ///< In the order they were added.
};

// -- everybody who brings or holds peers
// -------------------------------------------------

/// Without network: nobody is accepted or dialed, and every peer ends.
struct set_network_active {
  bool active = true;
};

// -- what would stop a connection (`whynot`)
// ---------------------------------------------

/// One thing that stands in the way.
struct obstacle {
  std::string kind;   ///< snake_case; see actors/status/README.md.
  std::string detail; ///< For people.
  double until = 0;   ///< Unix seconds; 0: no time ends it.
};
struct obstacles {
  std::vector<obstacle> entries; ///< None: it is possible now.
};

/// Asks the DIALER: what would stop a dial of this address by discovery, at this moment?
/// Changes nothing.
struct explain_dial {
  endpoint remote;
};
/// Asks the LISTENER: what would stop a connection from this address?
struct explain_accept {
  endpoint remote;
};

// -- the PEER_SET
// ------------------------------------------------------------------------

/// End a peer: by its id or, if that is 0, by its address. Answers false if it is not
/// there.
struct disconnect_peer {
  peer_id peer = 0;
  endpoint address;
};

/// Ping every peer now, but for those that a ping is under way to. The answers show in
/// their snapshots.
struct ping_all {};

/// Which peers are meant: those that all of the set members fit.
struct peer_pattern {
  peer_id id = 0;         ///< 0: any.
  endpoint address;       ///< All zero: any. Port 0: any port.
  std::string user_agent; ///< Part of it; empty: any.

  bool fits(const peer_info& x) const {
    return (id == 0 || id == x.id) &&
           (address.ip == endpoint{}.ip || address.ip == x.remote.ip) &&
           (address.zone == 0 || address.zone == x.remote.zone) &&
           (address.port == 0 || address.port == x.remote.port) &&
           x.user_agent.find(user_agent) != std::string::npos;
  }
};

/// Answers when it is so, at the latest after `timeout`.
struct wait_for_peers {
  enum class condition : std::uint8_t {
    ready_count, ///< At least `count` peers are ready.
    connected,   ///< A peer that fits `who` is in the set.
    ready,       ///< The same, and it takes requests.
    gone,        ///< None is, and one was that left with `reason` (none: any), lately.
  };
  condition what = condition::ready_count;
  std::uint64_t count = 0;
  peer_pattern who;
  std::optional<peer_exit> reason;
  caf::timespan timeout{};
};
struct peers_waited_for {
  bool met = false; ///< Else the time was over.
  peer_set_snapshot counts;
  peer_info peer;                               ///< Whom it was met by.
  peer_exit reason = peer_exit::internal_error; ///< Of one that is gone.
};

// -- the ADDRESS_BOOK, BAN_MANAGER
// ----------------------------------------------------------

/// Answers a `known_address_list` of one when the book knows this address; of none after
/// `timeout`, which may be zero.
struct wait_for_address {
  endpoint remote;
  caf::timespan timeout{};
};

/// Answers `bans` of one when a ban covers this range; of none after `timeout`, which may
/// be zero.
struct wait_for_ban {
  subnet range;
  caf::timespan timeout{};
};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::add_manual_peer)
PEERAGE_LOCAL_MESSAGE(peerage::remove_manual_peer)
PEERAGE_LOCAL_MESSAGE(peerage::dial_once)
PEERAGE_LOCAL_MESSAGE(peerage::get_manual_peers)
PEERAGE_LOCAL_MESSAGE(peerage::manual_peers)
PEERAGE_LOCAL_MESSAGE(peerage::set_network_active)
PEERAGE_LOCAL_MESSAGE(peerage::obstacles)
PEERAGE_LOCAL_MESSAGE(peerage::explain_dial)
PEERAGE_LOCAL_MESSAGE(peerage::explain_accept)
PEERAGE_LOCAL_MESSAGE(peerage::disconnect_peer)
PEERAGE_LOCAL_MESSAGE(peerage::ping_all)
PEERAGE_LOCAL_MESSAGE(peerage::wait_for_peers)
PEERAGE_LOCAL_MESSAGE(peerage::peers_waited_for)
PEERAGE_LOCAL_MESSAGE(peerage::wait_for_address)
PEERAGE_LOCAL_MESSAGE(peerage::wait_for_ban)
