// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/peer/completion.hpp"
#include "messages/requests.hpp"
#include "messages/wire/envelope.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace peerage {

/// The requests for blocks and transactions that are on the wire to one peer. Answers are
/// matched by hash.
///
/// An item that several requests want is asked for once. When the request it was asked
/// for ends without it, it is asked again for the next; and once more when the peer
/// offers it meanwhile, as nodes are silent about blocks that they do not have yet.
class item_fetches {
public:
  /// @param services The peer's: with NODE_WITNESS it is asked for witnesses.
  /// @param completed Where requests go when they end.
  item_fetches(std::uint64_t services, wire::outbox& out,
               std::vector<completion>& completed)
      : services_(services), out_(out), completed_(completed) {}

  /// Sends getdata for items not asked for yet.
  void start(request_id id, const get_blocks& what, time_point deadline);
  void start(request_id id, const get_transactions& what, time_point deadline);

  // Received messages. Each returns true if a request wanted the item.
  bool on_block(const wire::block& body);
  bool on_transaction(const wire::tx& body);
  bool on_notfound(const std::vector<wire::inventory_entry>& entries);
  /// The peer has these.
  void on_offered(const std::vector<wire::inventory_entry>& entries);

  /// Forgets a request, without a completion; false if it is none of these.
  bool cancel(request_id id);
  /// Ends overdue requests with the items that have come.
  void on_tick(time_point now);

  bool wants_items() const { return !wanted_.empty(); }
  std::size_t size() const { return fetches_.size(); }
  /// When `on_tick` has something to do next.
  std::optional<time_point> next_deadline() const;

private:
  struct fetch_item {
    transaction_id id; ///< For blocks only the hash counts.
    bool settled = false;
    wire::slice body; ///< Empty: missing, or not yet here.
  };

  struct fetch {
    request_id id;
    bool of_blocks;
    std::vector<fetch_item> items;
    std::size_t unsettled;
    std::size_t bytes = 0;
    time_point deadline;
  };

  /// The kind of an entry of getdata. Equal hashes of two kinds are two items.
  enum class item_kind : std::uint8_t { block, txid, wtxid };
  struct item_key {
    wire::hash256 hash;
    item_kind kind;
    friend bool operator==(const item_key&, const item_key&) = default;
  };
  struct item_hash {
    std::size_t operator()(const item_key& x) const {
      return std::hash<wire::hash256>{}(x.hash);
    }
  };

  struct waiter {
    request_id id;
    std::size_t item;
  };
  struct wanted_item {
    std::vector<waiter> waiters; ///< It was asked for on behalf of the first.
    bool asked = false;
    bool offered = false; ///< Since it was asked for the first one.
  };

  static std::optional<item_key> key_of(const wire::inventory_entry& entry);
  static item_key key_of(const fetch& of, const fetch_item& item);
  void start(request_id id, bool of_blocks, const std::vector<transaction_id>& ids,
             time_point deadline);
  void ask(const std::vector<item_key>& items);
  bool settle(const item_key& what, const wire::slice& body);
  /// Ends it with what has come: with everything, or at its deadline.
  void finish(std::size_t index);
  void drop(std::size_t index);
  void leave(const fetch& ended, const item_key& what);
  void complete(request_id id, reply value) {
    completed_.push_back({id, std::move(value)});
  }
  void fail(request_id id, caf::error why) { completed_.push_back({id, std::move(why)}); }

  std::uint64_t services_;
  wire::outbox& out_;
  std::vector<completion>& completed_;

  std::vector<fetch> fetches_;
  std::unordered_map<item_key, wanted_item, item_hash> wanted_;
  std::vector<item_key> left_behind_; ///< Of `wanted_`, perhaps: to be asked again.
  std::size_t held_bytes_ = 0;        ///< Of all bodies in `fetches_`.
};

} // namespace peerage
