// SPDX-License-Identifier: MIT
#pragma once

#include "actors/peer/inbound_requests.hpp"
#include "actors/peer/outgoing_requests.hpp"
#include "actors/peer/peer_rules.hpp"
#include "actors/peer/traffic_so_far.hpp"
#include "messages/misbehaviour.hpp"
#include "messages/wire/frame_decoder.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace peerage {

/// The meaning of messages after the handshake. No socket, no clock, no actor: frames,
/// requests, answers of the node and the time go in; messages for the remote, completed
/// requests, questions for the node and, perhaps, a reason to end the peer come out.
///
/// A merely unexpected message is counted and ignored; one that breaks a stated limit or
/// rule ends the peer with its own reason (invariant I10; the conduct table in
/// actors/README.md).
class protocol {
public:
  protocol(peer_rules_ptr rules, peer_info info, traffic_so_far traffic);

  // -- inputs --------------------------------------------------------------------------

  void receive(const wire::frame& frame, time_point now);
  void add_request(request_id id, request what, time_point now);
  /// Ends a request as `cancelled`: its answer is no longer wanted.
  void cancel_request(request_id id, time_point now);
  void send_heartbeat(std::uint64_t nonce, time_point now);
  /// Sends a ping beside those of the heartbeat, unless one of any kind is under way, or
  /// none would be answered.
  void ping(time_point now);
  void on_service_answer(const service_answer& answer, time_point now);
  /// Ends requests that are overdue. A node that did not answer in time is no reason to
  /// keep the remote waiting: the caller notices that and passes it on as an error.
  void on_tick(time_point now);

  // -- outputs -------------------------------------------------------------------------

  wire::outbox& outbox() { return outbox_; }
  std::vector<completion> take_completed() { return outgoing().take_completed(); }
  bool has_completed() const { return outgoing_ && outgoing_->has_completed(); }
  /// Pongs that answer heartbeats, in order.
  std::vector<std::uint64_t> take_heartbeat_pongs() {
    return std::exchange(heartbeat_pongs_, {});
  }
  std::optional<service_request> next_service_request() {
    return inbound_ ? inbound_->next() : std::nullopt;
  }
  /// Set once; nothing is taken in any more.
  const std::optional<peer_exit>& end() const { return end_; }
  std::optional<time_point> next_deadline() const {
    return outgoing_ ? outgoing_->next_deadline() : std::nullopt;
  }
  /// Too much waits for the node: read nothing more from this peer.
  bool inbound_is_full() const { return inbound_ && inbound_->is_full(); }

  /// The misbehaviour of ignored messages to report to BAN_MANAGER, with its count since
  /// the last call.
  std::vector<std::pair<misbehaviour, std::uint64_t>> take_misbehaviour();
  bool has_misbehaviour() const { return misbehaved_; }

  const peer_info& info() const { return info_; }
  /// Readable messages, the handshake's included: they show that the remote lives,
  /// garbage does not.
  std::uint64_t sound_messages() const;
  /// Fills in this class's part of a snapshot.
  void describe(peer_snapshot& out, time_point now) const;
  /// Adds what was received and sent since the last call to the node's counters.
  void report_traffic();

private:
  struct sent_ping {
    std::uint64_t nonce;
    time_point at;
  };

  static constexpr std::size_t max_unanswered = 64;

  void handle(const wire::frame& frame, time_point now);
  void dispatch(wire::message& what, const wire::frame& frame, time_point now);
  void on_late_handshake(wire::command type);
  void on_hint(const wire::sendcmpct& hint);
  void on_hint(const wire::feefilter& hint);

  // In protocol_questions.cpp.
  void on_question(wire::message& what, const wire::frame& frame);
  void on_getaddr(const wire::frame& frame);
  void on_getdata(wire::getdata& wanted, const wire::frame& frame);
  void on_opaque(wire::command type);

  // In protocol_data.cpp.
  void on_data(wire::message& what, const wire::frame& frame, time_point now);
  void on_headers(wire::headers& message, const wire::frame& frame);
  void on_block(wire::block& body, const wire::frame& frame, time_point now);
  void on_transaction(wire::tx& body, const wire::frame& frame, time_point now);
  void on_addresses(std::vector<wire::network_address> entries, const wire::frame& frame);
  void on_inventory(wire::inv& message, const wire::frame& frame);
  void offer_blocks(const std::vector<wire::block_header>& announced);

  void count(ignored what) {
    ++ignored_[static_cast<std::size_t>(what)];
    misbehaved_ = misbehaved_ || misbehaviour_of(what).has_value();
  }
  void end_with(peer_exit why) {
    if (!end_)
      end_ = why;
  }
  outgoing_requests& outgoing();
  inbound_requests& inbound();
  void hand_over(inbound_requests::item what, const wire::frame& frame);
  void on_pong(std::uint64_t nonce, time_point now);
  void on_pong_without_nonce();
  std::uint64_t next_nonce(time_point now);
  void await_pong(std::uint64_t nonce, time_point now);
  /// When the oldest unanswered ping was sent.
  std::optional<time_point> oldest_ping() const;
  void note_ping(caf::timespan round_trip);
  bool offers(wire::service bit) const { return (rules_->identity.services & bit) != 0; }

  peer_rules_ptr rules_;
  peer_info info_;
  wire::outbox outbox_;
  // Made when first needed: an idle peer pays for neither.
  std::unique_ptr<outgoing_requests> outgoing_;
  std::unique_ptr<inbound_requests> inbound_;
  std::vector<sent_ping> heartbeats_; ///< Unanswered; the heartbeat bounds their number.
  std::vector<std::uint64_t> heartbeat_pongs_;
  /// All pings of ours that may still be answered, heartbeats included, oldest first; of
  /// a peer that leaves out some only the newest `max_unanswered`.
  std::vector<sent_ping> unanswered_;
  std::optional<peer_exit> end_;
  bool addresses_served_ = false;

  std::array<std::uint64_t, ignored_count> ignored_;
  wire::command_tally received_;
  std::array<std::uint64_t, ignored_count> reported_{}; ///< Of those.
  bool misbehaved_ = false;                             ///< Something is to be reported.
  std::uint64_t messages_received_ = 0;
  std::optional<dated_moment> last_block_;
  std::optional<dated_moment> last_transaction_;
  caf::timespan last_ping_{};
  caf::timespan lowest_ping_{};
  std::uint64_t fee_filter_ = 0;
  bool high_bandwidth_from_ = false;
};

} // namespace peerage
