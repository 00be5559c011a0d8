// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/peer/completion.hpp"
#include "actors/peer/item_fetches.hpp"
#include "messages/requests.hpp"
#include "messages/wire/envelope.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace peerage {

/// Our requests to one peer: on the wire, waiting, and their matching to answers.
///
/// Keyed requests (blocks, transactions, pings) run side by side and are matched by hash
/// or nonce. Of each unkeyed kind one runs at a time. The network answers messages in
/// order, so a ping sent behind getheaders and getblocks is a fence: its pong says that
/// the answer has come, if there is one. An answer that arrives before the fence of an
/// earlier, given-up request belongs to that one, and completes nothing (invariant I9).
class outgoing_requests {
public:
  /// @param next_nonce Draws the nonce of a ping that is sent now; never 0.
  outgoing_requests(const peer_info& info, const wire::hash256& genesis,
                    caf::timespan default_timeout,
                    std::function<std::uint64_t(time_point)> next_nonce,
                    wire::outbox& out);
  outgoing_requests(const outgoing_requests&) = delete; // has references into itself

  /// Starts or queues a request, or completes it at once.
  void add(request_id id, request what, time_point now);

  // Received messages. Each returns true if the message belongs to a request of ours
  // alone.
  /// @param round_trip Set if the ping was a measure_latency.
  bool on_pong(std::uint64_t nonce, time_point now,
               std::optional<caf::timespan>& round_trip);
  bool on_addresses(const std::vector<wire::network_address>& entries);
  bool on_headers(std::vector<wire::block_header>& entries);
  bool on_inventory(const std::vector<wire::inventory_entry>& entries);
  bool on_block(const wire::block& body) { return fetches_.on_block(body); }
  bool on_transaction(const wire::tx& body) { return fetches_.on_transaction(body); }
  bool on_notfound(const std::vector<wire::inventory_entry>& entries) {
    return fetches_.on_notfound(entries);
  }
  bool wants_items() const { return fetches_.wants_items(); }
  /// The ping with this nonce has had its only answer, one without the nonce.
  void cancel_ping(std::uint64_t nonce);
  /// The peer has these. A list that answers getblocks is no offer: it names old blocks.
  void on_offered(const std::vector<wire::inventory_entry>& entries) {
    fetches_.on_offered(entries);
  }

  /// Starts requests that waited for places that are free now: call it after completions.
  void start_queued(time_point now);

  /// Ends a request as `cancelled`, sent or not, and starts one that waited for its
  /// place.
  void cancel(request_id id, time_point now);

  /// Ends overdue requests, and starts those that waited for their places.
  void on_tick(time_point now);

  /// When `on_tick` has something to do next.
  std::optional<time_point> next_deadline() const;

  /// The requests that have ended since the last call.
  std::vector<completion> take_completed() { return std::exchange(completed_, {}); }
  bool has_completed() const { return !completed_.empty(); }

  std::size_t in_flight() const;
  std::size_t queued() const { return queue_.size(); }

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

  static std::optional<lane_kind> lane_of(const request& what);
  static bool is_keyed(const request& what);
  static caf::timespan timeout_of(const request& what);

  bool can_start(const request& what) const;
  void start(request_id id, request&& what, time_point deadline, time_point now);
  void start_unkeyed(lane_kind which, request_id id, request&& what, time_point deadline,
                     time_point now);
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
  std::vector<completion> completed_;
  item_fetches fetches_; ///< Completes into the one above.
};

} // namespace peerage
