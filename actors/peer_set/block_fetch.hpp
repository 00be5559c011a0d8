// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer_set/router.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace peerage {

/// Names one part of a fetch; never reused inside it.
using share_id = std::uint64_t;

/// Ask this peer for these items, all in one request with this timeout.
struct share_request {
  share_id id = 0;
  peer_id peer = 0;
  std::vector<transaction_id> items;
  caf::timespan timeout{}; ///< What is left of the whole request's time.
};

/// The peer said that it lacks the item: for the inventory registry.
struct missing_item {
  peer_id peer = 0;
  wire::hash256 hash;
};

struct fetch_options {
  time_point deadline;   ///< Of the whole request.
  std::size_t peers = 1; ///< To split it over: the ready ones.
  /// When a share is late. Zero: after a quarter of the time to the deadline; at least
  /// 1 ms.
  caf::timespan hedge_after{};
  /// Peers that are asked for one item at most.
  std::size_t peers_per_item = 3;
};

/// One get_blocks (or get_transactions) of many items, asked from several peers. As in
/// outgoing_requests, an item is a transaction_id, of which only the hash counts for a
/// block, and a body is its bytes. Sends nothing itself: the results of `start`,
/// `on_reply`, `on_failure` and `on_tick` are the requests to send.
///
/// The items are dealt out in shares of items / peers. A peer has one share at a time and
/// gets the next when it has answered, so fast ones carry more. Items that a peer lacks,
/// or does not deliver, go back to the pile and to another peer.
///
/// A share that is not answered after `hedge_after` is late: its items go back to the
/// pile as well, for peers that have nothing to do, and the first answer wins, even the
/// late one. With the 95th percentile of recent requests for `hedge_after`, one request
/// in twenty is made twice (J. Dean, L. A. Barroso: The Tail at Scale, 2013).
///
/// A wanted item that a peer offers meanwhile may be asked of that peer once more, even
/// after a failure there or enough other peers.
///
/// The fetch ends once: when no item is open any more, at the deadline (as soon as the
/// shares that end with it have), or when the bodies become too many bytes. The found
/// items are then the result. If there are none, it is the most telling error:
/// `not_found` only if all answers were notfound, so that another try is pointless.
class block_fetch {
public:
  /// Finds a peer for this item, not one of the excluded. Called once per share, which
  /// goes to that peer; it should count it as started at once (router::started), so that
  /// the next call sees the load.
  using chooser =
    std::function<choice(const transaction_id& first, std::span<const peer_id> excluded)>;

  /// Items in one share: of the largest blocks, as many as fit in `max_held_bytes` of one
  /// client, and as many as Bitcoin Core asks one peer for at a time
  /// (MAX_BLOCKS_IN_TRANSIT_PER_PEER).
  static constexpr std::size_t max_share = 16;
  /// Shares under way at a time, late ones not counted.
  static constexpr std::size_t max_shares = 16;
  /// Bodies of one fetch, in bytes. With more, it ends as `overloaded`: ask for less.
  static constexpr std::size_t max_bytes = 4 * max_held_bytes;

  block_fetch(const std::vector<transaction_id>& wanted, const fetch_options& options,
              chooser choose);

  std::vector<share_request> start(time_point now);

  /// The peer's answer. Items of the share that it marks as unavailable are missing
  /// there; other items are ignored, and so is a share that has ended.
  std::vector<share_request> on_reply(share_id id, const blocks& answer, time_point now);
  std::vector<share_request> on_reply(share_id id, const transactions& answer,
                                      time_point now);

  /// `not_found` is the peer's word that it lacks the whole share.
  std::vector<share_request> on_failure(share_id id, request_error why, time_point now);

  /// The peer has announced these: items in no punctual share go to it.
  std::vector<share_request>
  on_offered(peer_id peer, std::span<const transaction_id> items, time_point now);

  /// Another request for these was not answered by the peer until its deadline: its
  /// share that has one of them is late at once.
  std::vector<share_request>
  on_unanswered(peer_id peer, std::span<const transaction_id> items, time_point now);

  /// Hedges late shares; ends the fetch at its deadline. To be called also when a new
  /// peer can be asked.
  std::vector<share_request> on_tick(time_point now);

  /// When `on_tick` has something to do next; none once finished.
  std::optional<time_point> next_event() const;

  bool finished() const { return finished_; }
  time_point deadline() const { return options_.deadline; }

  /// Once finished: in the order of the request, duplicates included.
  std::variant<blocks, request_error> found_blocks() const;
  std::variant<transactions, request_error> found_transactions() const;

  /// Shares whose answers are not awaited any more, once finished. Their requests are
  /// under way all the same, and the router is told when they end.
  std::vector<share_id> abandoned() const;

  /// The items that peers have denied since the last call.
  std::vector<missing_item> take_missing() { return std::exchange(missing_, {}); }

private:
  using item_index = std::size_t;

  struct item {
    transaction_id id;
    wire::slice body;             ///< Empty: not found yet.
    std::vector<peer_id> asked;   ///< In vain, or still under way.
    std::vector<peer_id> offered; ///< By these, since the start.
    std::size_t shares = 0;       ///< Under way with it.
    std::size_t punctual = 0;     ///< Of these, the ones that are not late: one at most.
    bool given_up = false;
    bool open() const { return body.empty() && !given_up; }
  };

  struct share {
    share_id id;
    peer_id peer;
    std::vector<item_index> items;
    time_point late_at;
    bool late = false;
  };

  template <class Entries, class Id>
  std::vector<share_request> take_in(share_id id, const Entries& entries, Id id_of,
                                     time_point now);
  std::optional<share> end_share(share_id id);
  void found(item& x, const wire::slice& body);
  void not_there(const item& x, peer_id peer);
  void mark_late(share& x);
  /// @param waits After the deadline: for the last words of shares under way.
  std::vector<share_request> advance(time_point now, bool waits = true);
  std::vector<share_request> deal(time_point now);
  share_request open_share(peer_id peer, std::vector<item_index> items, time_point now);
  std::vector<peer_id> excluded_for(const item& x) const;
  bool may_ask(const item& x) const {
    return x.asked.size() < options_.peers_per_item + x.offered.size();
  }
  bool is_asking(peer_id peer, item_index what) const;
  void give_up(item& x);
  void note(request_error why);
  void finish();
  template <class Reply, class Entry>
  std::variant<Reply, request_error> result(Entry entry_of) const;

  fetch_options options_;
  chooser choose_;
  std::vector<item> items_;                                    ///< Each once.
  std::map<std::pair<wire::hash256, bool>, item_index> by_id_; ///< Of `items_`.
  std::vector<item_index> positions_; ///< Of what was asked for, in `items_`.
  std::vector<item_index> waiting_;   ///< Open, and in no punctual share: the pile.
  std::vector<share> shares_;         ///< Under way.
  std::vector<missing_item> missing_;
  std::size_t share_size_ = 1;
  std::size_t open_ = 0; ///< Items.
  std::size_t bytes_ = 0;
  share_id last_share_ = 0;
  request_error telling_ = request_error::no_ready_peer;
  bool finished_ = false;
};

/// The items of a get_blocks.
std::vector<transaction_id> items_of(const get_blocks& x);

} // namespace peerage
