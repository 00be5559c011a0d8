#pragma once

#include "messages/requests.hpp"
#include "messages/wire/envelope.hpp"

#include "actors/base/alarm_clock.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace peerage {

/// Names a request inside its connection.
using request_id = std::uint64_t;

/// How a request ended.
struct completion {
  request_id id = 0;
  std::variant<reply, caf::error> result;
};

/// Our requests to one peer: what is on the wire, what waits, and what answers what.
///
/// Keyed requests (blocks, transactions, pings) run side by side and are matched by hash
/// or nonce. Of each unkeyed kind one runs at a time. The network answers messages in
/// order, so a ping sent behind getheaders and getblocks is a fence: its pong says that
/// whatever answer was coming has come. An answer that arrives before the fence of an
/// earlier, given-up request belongs to that one, and completes nothing (invariant I9).
///
/// What several requests want at a time is asked for once. When the one it was asked for
/// ends without it, it is asked again for the next; and once more when the peer offers it
/// meanwhile, as nodes are silent about blocks that they do not have yet.
class outgoing_requests {
public:
  /// @param next_nonce Draws the nonce of a ping that is sent now; never 0.
  outgoing_requests(const peer_info& info, const wire::hash256& genesis,
                    caf::timespan default_timeout,
                    std::function<std::uint64_t(time_point)> next_nonce,
                    wire::outbox& out);

  /// Starts or queues a request, or completes it at once.
  void add(request_id id, request what, time_point now);

  // What came in. Each returns true if it belonged to a request of ours, and to nobody
  // else.
  /// @param round_trip Set if it was a ping that somebody wanted measured.
  bool on_pong(std::uint64_t nonce, time_point now,
               std::optional<caf::timespan>& round_trip);
  bool on_addresses(const std::vector<wire::network_address>& entries);
  bool on_headers(std::vector<wire::block_header>& entries);
  bool on_inventory(const std::vector<wire::inventory_entry>& entries);
  bool on_block(const wire::block& body);
  bool on_transaction(const wire::tx& body);
  bool on_notfound(const std::vector<wire::inventory_entry>& entries);
  bool wants_items() const { return !wanted_.empty(); }
  /// The ping with this nonce will not be answered with it, and whatever comes of it has
  /// come.
  void cancel_ping(std::uint64_t nonce);
  /// The peer has these. A list that answers getblocks is no offer: it names old blocks.
  void on_offered(const std::vector<wire::inventory_entry>& entries);

  /// Starts what waited for a place that is free now: call it after completions.
  void start_queued(time_point now);

  /// Ends a request as `cancelled`, wherever it is, and starts what waited for its place.
  void cancel(request_id id, time_point now);

  /// Ends what is overdue, and starts what waited for its place.
  void on_tick(time_point now);

  /// When `on_tick` has something to do next.
  std::optional<time_point> next_deadline() const;

  /// What has ended since the last call.
  std::vector<completion> take_completed() { return std::exchange(completed_, {}); }
  bool has_completed() const { return !completed_.empty(); }

  std::size_t in_flight() const;
  std::size_t queued() const { return queue_.size(); }
  std::size_t held_bytes() const { return held_bytes_; }

private:
  enum lane_kind : std::uint8_t {
    address_lane,
    header_lane,
    block_hash_lane,
    mempool_lane
  };
  static constexpr std::size_t lane_count = 4;

  struct queued_request {
    request_id id;
    request what;
    time_point deadline;
  };

  /// A request of an unkeyed kind that is on the wire.
  struct unkeyed {
    request_id id;
    request what;
    time_point deadline;
    std::uint64_t fence = 0; ///< 0: none.
    reply collected;         ///< Kept for the deadline or the fence.
    bool has_collected = false;
  };

  struct lane_state {
    std::optional<unkeyed> current;
    std::vector<std::uint64_t> open_fences; ///< Of requests given up; oldest first.
  };

  struct ping_request {
    request_id id;
    std::uint64_t nonce;
    time_point sent;
    time_point deadline;
  };

  struct fetch_item {
    transaction_id id; ///< For blocks only the hash counts.
    bool settled = false;
    wire::slice body; ///< Empty: missing, or not yet here.
  };

  /// A get_blocks or get_transactions that is on the wire.
  struct fetch {
    request_id id;
    bool of_blocks;
    std::vector<fetch_item> items;
    std::size_t unsettled;
    std::size_t bytes = 0;
    time_point deadline;
  };

  /// What one entry of getdata asks for. Equal hashes of two kinds are two items.
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

  static std::optional<lane_kind> lane_of(const request& what);
  static bool is_keyed(const request& what);
  static caf::timespan timeout_of(const request& what);

  bool can_start(const request& what) const;
  void start(request_id id, request&& what, time_point deadline, time_point now);
  void start_unkeyed(lane_kind which, request_id id, request&& what, time_point deadline,
                     time_point now);
  void start_fetch(request_id id, bool of_blocks, const std::vector<transaction_id>& ids,
                   time_point deadline);
  static std::optional<item_key> key_of(const wire::inventory_entry& entry);
  static item_key key_of(const fetch& of, const fetch_item& item);
  void ask(const std::vector<item_key>& items);
  bool settle(const item_key& what, const wire::slice& body);
  /// Ends it with what has come: with everything, or at its deadline.
  void finish_fetch(std::size_t index);
  void drop_fetch(std::size_t index);
  void leave(const fetch& ended, const item_key& what);
  void complete(request_id id, reply value) {
    completed_.push_back({id, std::move(value)});
  }
  void fail(request_id id, caf::error why) { completed_.push_back({id, std::move(why)}); }
  void finish_unkeyed(lane_state& lane, reply value);
  void give_up(lane_state& lane);
  bool on_fence(std::uint64_t nonce);
  bool may_answer(const lane_state& lane) const {
    return lane.current && lane.open_fences.empty();
  }
  bool connects(const get_headers& asked, const wire::block_header& first) const;

  std::uint64_t services_;
  bool addrv2_;
  bool answers_pings_;
  wire::hash256 genesis_;
  caf::timespan default_timeout_;
  std::function<std::uint64_t(time_point)> next_nonce_;
  wire::outbox& out_;

  std::vector<queued_request> queue_;
  std::array<lane_state, lane_count> lanes_;
  std::vector<ping_request> pings_;
  std::vector<fetch> fetches_;
  std::unordered_map<item_key, wanted_item, item_hash> wanted_;
  std::vector<item_key> left_behind_; ///< Of `wanted_`, perhaps: to be asked again.
  std::size_t held_bytes_ = 0;
  std::vector<completion> completed_;
};

} // namespace peerage
