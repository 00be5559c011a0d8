// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/random_source.hpp"
#include "actors/peer_set/inventory_registry.hpp"
#include "actors/peer_set/latency_window.hpp"
#include "actors/peer_set/peer_load.hpp"
#include "messages/requests.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace peerage {

/// A peer, or why there is none.
struct choice {
  std::optional<peer_id> peer;
  /// Meaningful without a peer. `no_ready_peer`: none that could take such a request at
  /// any time; `overloaded`: some could, but all have enough to do; `not_found`: some
  /// could, but each has said that it lacks the item.
  request_error why = request_error::no_ready_peer;
};

/// A request under way. Kept by its sender, and handed back when it ends.
struct routed_request {
  peer_id peer = 0;
  request_kind kind{};
  time_point sent;
};

struct peer_counts {
  std::size_t ready = 0;         ///< Can take one more keyed request right now.
  std::size_t unready = 0;       ///< At the bound of keyed requests, or busy.
  std::size_t ready_inbound = 0; ///< Of `ready`.
  std::size_t total() const { return ready + unready; }
};

/// A push that goes to many peers and is kept once for all of them.
using announcement = std::shared_ptr<const request>;

/// Which peer gets which request. Owns everything that routing knows of a peer, keyed by
/// peer id (invariant I14): what it offers, what it has to do, how fast it was, which
/// items it announced. Sends nothing itself.
///
/// A peer is ready while it has fewer than `max_keyed_in_flight` keyed requests under way
/// and is not busy. It is busy from the moment it answered `overloaded` until the next
/// of its other requests ends; one without other requests is never busy, as nothing would
/// end that. Keyed kinds go to ready peers. Of each unkeyed kind a ready peer takes one
/// at a time. Pushes can be taken by every peer.
class router {
public:
  /// A peer joined. False, and nothing changes, if it is here already.
  bool insert(const peer_info& info, time_point now);
  /// A peer left, with all that was known of it. False if it was not here.
  bool remove(peer_id peer);

  /// Of all peers, at one moment (invariant I5).
  peer_counts counts() const {
    return {ready_, members_.size() - ready_, ready_inbound_};
  }
  bool contains(peer_id peer) const { return members_.contains(peer); }
  bool is_ready(peer_id peer) const;

  // -- one request -------------------------------------------------------------------

  /// The lighter one of two random peers that can take the request (power of two choices:
  /// nearly as even as always taking the lightest, without a rush to one peer).
  ///
  /// get_mempool goes only to peers with NODE_BLOOM. Headers, block hashes and blocks are
  /// asked only of peers that serve blocks (NODE_NETWORK or NODE_NETWORK_LIMITED, as
  /// Bitcoin Core's CanServeBlocks): an empty answer of others tells nothing. Pings go
  /// only to peers that answer them (BIP 31), transactions only to peers that want them
  /// (BIP 37 relay flag).
  /// @param needs Service bits that the peer must have, all of them.
  /// @param excluded Not these.
  choice choose(request_kind kind, time_point now, random_source& random,
                std::uint64_t needs = 0, std::span<const peer_id> excluded = {}) const;

  /// The same for one block or transaction: first among those that announced it, then
  /// among those not known to lack it. Peers with NODE_WITNESS are preferred to all
  /// others: items of the rest have no witnesses (BIP 144).
  choice choose_for_item(const wire::hash256& hash, request_kind kind, time_point now,
                         random_source& random, std::uint64_t needs = 0,
                         std::span<const peer_id> excluded = {});

  /// Whether a peer could take such a request, now or later.
  bool has_peer_for(request_kind kind) const;

  /// A request goes to this peer: counted here and nowhere else.
  routed_request started(peer_id peer, request_kind kind, time_point now);

  /// A request ended, with a value (no `failure`) or without. False, and nothing changes,
  /// if the peer has left meanwhile or has no such request.
  bool finished(const routed_request& what, time_point now,
                std::optional<request_error> failure);

  // -- one request to many -----------------------------------------------------------

  /// A random third (rounded up) of the ready peers that take this push, all different.
  /// Load plays no part: peers could feign it to be told first.
  std::vector<peer_id> fan_out(request_kind kind, random_source& random,
                               std::span<const peer_id> excluded = {}) const;

  /// Sends a push to every peer that takes it: the returned ones now, the others when
  /// they are ready again.
  std::vector<peer_id> announce_to_all(const announcement& what);

  /// The announcements that wait for this peer, oldest first, if it is ready now. Call it
  /// when a request of the peer has ended.
  std::vector<announcement> take_deferred(peer_id peer);

  /// Announcements that wait for one peer; the newest are kept, as a new block implies
  /// the ones before it.
  static constexpr std::size_t max_deferred = 4;

  // -- items -------------------------------------------------------------------------

  /// See inventory_registry. Statements about unknown peers are ignored.
  void announced(peer_id peer, const wire::hash256& hash, time_point now);
  void missing(peer_id peer, const wire::hash256& hash, time_point now);

  // -- numbers -----------------------------------------------------------------------

  /// Requests of this kind that were ever routed.
  std::uint64_t outbound_requests(request_kind kind) const {
    return routed_[static_cast<std::size_t>(kind)];
  }

  /// Of the kind's recent requests that ended with a value; see latency_window.
  std::optional<caf::timespan> latency_percentile(request_kind kind,
                                                  double fraction) const {
    return latencies_[static_cast<std::size_t>(kind)].percentile(fraction);
  }

  /// Requests of the peer that are under way; 0 if it is not here.
  std::size_t outstanding(peer_id peer) const;

private:
  struct peer_state {
    peer_state(const peer_info& info, std::size_t index, time_point now);

    bool offers(request_kind kind) const;
    bool is_ready() const;
    bool can_take(request_kind kind) const;
    std::size_t outstanding() const;
    std::size_t under_way(request_kind kind) const {
      return in_flight[static_cast<std::size_t>(kind)];
    }

    bool inbound;
    std::uint64_t services;
    bool wants_transactions;
    bool answers_pings;
    bool busy = false;
    std::array<std::uint32_t, request_kind_count> in_flight{};
    peer_load load;
    std::vector<announcement> deferred;
    std::size_t place; ///< In `ids_`; private to insert and remove.
  };

  struct wish {
    request_kind kind;
    std::uint64_t needs;
    std::span<const peer_id> excluded;
  };

  /// Around each change of a member.
  void leave_counts(const peer_state& x);
  void enter_counts(const peer_state& x);
  /// Could take it now or later.
  bool suits(peer_id peer, const wish& x) const;
  /// Could take it now.
  bool fits(peer_id peer, const wish& x) const;
  template <class Accept>
  std::optional<peer_id> lighter_of_two(std::span<const peer_id> from, Accept accept,
                                        time_point now, random_source& random) const;

  std::unordered_map<peer_id, peer_state> members_;
  std::vector<peer_id> ids_; ///< The keys of `members_`, to draw from.
  std::size_t ready_ = 0;    ///< Of `members_`.
  std::size_t ready_inbound_ = 0;
  inventory_registry inventory_;
  std::array<std::uint64_t, request_kind_count> routed_{};
  std::array<latency_window, request_kind_count> latencies_;
};

} // namespace peerage
