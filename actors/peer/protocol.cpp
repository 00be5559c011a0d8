// SPDX-License-Identifier: MIT
#include "actors/peer/protocol.hpp"

#include "messages/checks/mutant.hpp"
#include "messages/wire/codec.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace peerage {

namespace {

/// Satoshi. A fee rate beyond that is none, and ignored.
constexpr std::uint64_t all_money = 21'000'000ULL * 100'000'000ULL;

} // namespace

protocol::protocol(peer_rules_ptr rules, peer_info info, traffic_so_far traffic)
    : rules_(std::move(rules)), info_(std::move(info)),
      outbox_(std::move(traffic.outbox)), ignored_(traffic.ignored),
      received_(std::move(traffic.received)),
      messages_received_(traffic.messages_received),
      high_bandwidth_from_(traffic.high_bandwidth_from) {
  for (std::size_t i = 0; i < ignored_count; ++i)
    misbehaved_ =
      misbehaved_ || (ignored_[i] > 0 && misbehaviour_of(static_cast<ignored>(i)));
}

std::vector<std::pair<misbehaviour, std::uint64_t>> protocol::take_misbehaviour() {
  std::vector<std::pair<misbehaviour, std::uint64_t>> result;
  for (std::size_t i = 0; i < ignored_count; ++i)
    if (auto cause = misbehaviour_of(static_cast<ignored>(i));
        cause && ignored_[i] > reported_[i])
      result.emplace_back(*cause, ignored_[i] - std::exchange(reported_[i], ignored_[i]));
  misbehaved_ = false;
  return result;
}

outgoing_requests& protocol::outgoing() {
  if (!outgoing_)
    outgoing_ = std::make_unique<outgoing_requests>(
      info_, rules_->network.genesis, rules_->timing.request_timeout,
      [this](time_point now) { return next_nonce(now); }, outbox_);
  return *outgoing_;
}

inbound_requests& protocol::inbound() {
  if (!inbound_)
    inbound_ = std::make_unique<inbound_requests>(info_.id, info_.addrv2, outbox_);
  return *inbound_;
}

void protocol::add_request(request_id id, request what, time_point now) {
  outgoing().add(id, std::move(what), now);
}

void protocol::cancel_request(request_id id, time_point now) {
  outgoing().cancel(id, now);
}

void protocol::send_heartbeat(std::uint64_t nonce, time_point now) {
  // Such a peer knows only pings without a nonce, and never answers: keep nothing.
  if (info_.protocol <= wire::limits::last_without_pong)
    return outbox_.push(wire::opaque{wire::command::ping, {}});
  outbox_.push(wire::ping{nonce});
  heartbeats_.push_back({nonce, now});
  await_pong(nonce, now);
}

void protocol::ping(time_point now) {
  if (!oldest_ping() && info_.protocol > wire::limits::last_without_pong)
    send_heartbeat(rules_->random.next_nonzero(), now);
}

std::optional<time_point> protocol::oldest_ping() const {
  std::optional<time_point> result;
  for (const auto* pings : {&unanswered_, &heartbeats_})
    if (!pings->empty() && (!result || pings->front().at < *result))
      result = pings->front().at;
  return result;
}

std::uint64_t protocol::sound_messages() const {
  auto count_of = [&](ignored x) { return ignored_[static_cast<std::size_t>(x)]; };
  return messages_received_ - count_of(ignored::bad_checksum) -
         count_of(ignored::malformed);
}

void protocol::on_service_answer(const service_answer& answer, time_point now) {
  if (const auto* why = std::get_if<caf::error>(&answer)) {
    if (why->category() != caf::atom("request"))
      count(ignored::service_failure);
  } else if (const auto* asked = inbound().asked()) {
    if (std::holds_alternative<block_received>(*asked))
      last_block_ = rules_->wall.date(now);
    else if (std::holds_alternative<transaction_received>(*asked))
      last_transaction_ = rules_->wall.date(now);
  }
  inbound().on_answer(answer);
}

void protocol::on_tick(time_point now) {
  if (outgoing_)
    outgoing_->on_tick(now);
}

void protocol::hand_over(inbound_requests::item what, const wire::frame& frame) {
  inbound().add(std::move(what), frame.payload.size());
}

void protocol::receive(const wire::frame& frame, time_point now) {
  if (end_)
    return;
  handle(frame, now);
  if (outgoing_ && outgoing_->has_completed())
    outgoing_->start_queued(now);
}

void protocol::handle(const wire::frame& frame, time_point now) {
  using wire::command;
  ++messages_received_;
  received_.count(frame.type, frame.wire_size());
  if (!frame.checksum_ok())
    return count(ignored::bad_checksum);
  if (frame.type == command::ping && info_.protocol <= wire::limits::last_without_pong)
    return; // from before BIP 31
  if (frame.type == command::ping && frame.payload.size() >= 8) {
    // The same payload comes back, so its checksum does too.
    std::uint64_t nonce;
    std::memcpy(&nonce, frame.payload.data(), sizeof nonce);
    if (inbound_ && inbound_->must_hold_pongs())
      return hand_over(wire::pong{nonce}, frame);
    return outbox_.push_pong(nonce, frame.payload.size() == 8 ? frame.checksum : 0);
  }
  if (frame.type == command::ping && frame.payload.empty())
    return; // like one from before BIP 31: no answer is wanted
  if (frame.type == command::pong && frame.payload.size() < 8)
    return on_pong_without_nonce();
  if (frame.type == command::unknown && is_on(mutant::unexpected_message_ends_peer))
    return end_with(peer_exit::oversized_message);
  if (frame.type == command::unknown)
    return count(ignored::unknown_command);
  wire::message decoded;
  switch (wire::decode(frame.type, frame.payload, decoded)) {
  case wire::decode_result::malformed: return count(ignored::malformed);
  case wire::decode_result::over_limit:
    return is_on(mutant::too_many_entries_tolerated)
             ? count(ignored::malformed)
             : end_with(peer_exit::too_many_entries);
  case wire::decode_result::ok: break;
  }
  dispatch(decoded, frame, now);
}

/// By the purpose of a message: a question to us, data, a hint, or too late.
void protocol::dispatch(wire::message& what, const wire::frame& frame, time_point now) {
  using wire::command;
  switch (frame.type) {
  case command::version:
  case command::verack:
  case command::wtxidrelay:
  case command::sendaddrv2: return on_late_handshake(frame.type);
  case command::pong: return on_pong(std::get<wire::pong>(what).nonce, now);
  case command::getaddr:
  case command::getdata:
  case command::getheaders:
  case command::getblocks:
  case command::mempool: return on_question(what, frame);
  case command::headers:
  case command::block:
  case command::tx:
  case command::addr:
  case command::addrv2:
  case command::inv:
  case command::notfound: return on_data(what, frame, now);
  case command::sendheaders: return; // asks nothing of us
  case command::sendcmpct: return on_hint(std::get<wire::sendcmpct>(what));
  case command::feefilter: return on_hint(std::get<wire::feefilter>(what));
  case command::reject: return count(ignored::obsolete);
  default: return on_opaque(frame.type);
  }
}

void protocol::on_late_handshake(wire::command type) {
  using wire::command;
  if (type == command::version || type == command::verack)
    return count(ignored::duplicate_handshake);
  if (type == command::wtxidrelay && info_.protocol < wire::limits::feature_version)
    return count(ignored::old_peer_feature);
  end_with(peer_exit::late_feature_message);
}

void protocol::on_hint(const wire::sendcmpct& hint) {
  // Any other version counts as if nothing had come (BIP 152).
  if (hint.version == wire::limits::compact_block_version)
    high_bandwidth_from_ = hint.announce;
}

void protocol::on_hint(const wire::feefilter& hint) {
  if (hint.rate <= all_money)
    fee_filter_ = hint.rate;
}

void protocol::on_pong(std::uint64_t nonce, time_point now) {
  if (nonce == 0)
    return on_pong_without_nonce();
  if (auto answered = std::ranges::find(unanswered_, nonce, &sent_ping::nonce);
      answered != unanswered_.end())
    unanswered_.erase(unanswered_.begin(), answered + 1);
  auto found = std::ranges::find(heartbeats_, nonce, &sent_ping::nonce);
  if (found != heartbeats_.end()) {
    note_ping(now - found->at);
    heartbeat_pongs_.push_back(nonce);
    heartbeats_.erase(heartbeats_.begin(), found + 1);
    return;
  }
  std::optional<caf::timespan> round_trip;
  if (!outgoing_ || !outgoing_->on_pong(nonce, now, round_trip))
    count(ignored::odd_pong);
  if (round_trip)
    note_ping(*round_trip);
}

/// Some nodes answer like this. Pongs come in order, so it answers the oldest ping; the
/// peer is alive, but its round trip is unknown.
void protocol::on_pong_without_nonce() {
  count(ignored::odd_pong);
  if (unanswered_.empty())
    return;
  const auto nonce = unanswered_.front().nonce;
  unanswered_.erase(unanswered_.begin());
  auto found = std::ranges::find(heartbeats_, nonce, &sent_ping::nonce);
  if (found != heartbeats_.end()) {
    heartbeat_pongs_.push_back(nonce);
    heartbeats_.erase(heartbeats_.begin(), found + 1);
  } else if (outgoing_) {
    outgoing_->cancel_ping(nonce);
  }
}

std::uint64_t protocol::next_nonce(time_point now) {
  const auto nonce = rules_->random.next_nonzero();
  await_pong(nonce, now);
  return nonce;
}

void protocol::await_pong(std::uint64_t nonce, time_point now) {
  if (unanswered_.size() == max_unanswered)
    unanswered_.erase(unanswered_.begin());
  unanswered_.push_back({nonce, now});
}

void protocol::note_ping(caf::timespan round_trip) {
  last_ping_ = round_trip;
  if (lowest_ping_ == caf::timespan::zero() || last_ping_ < lowest_ping_)
    lowest_ping_ = last_ping_;
  rules_->counters.pings.observe(std::chrono::duration<double>(round_trip).count());
}

void protocol::report_traffic() {
  auto& counters = rules_->counters;
  auto adding_to = [](node_counters::by_command& to) {
    return [&to](wire::command type, std::uint64_t messages) {
      to[static_cast<std::size_t>(type)].fetch_add(messages, std::memory_order_relaxed);
    };
  };
  received_.report(adding_to(counters.messages_received));
  outbox_.tally().report(adding_to(counters.messages_sent));
}

void protocol::describe(peer_snapshot& out, time_point now) const {
  out.info = info_;
  if (last_block_) {
    out.last_block = last_block_->unix_time;
    out.block_age = now - last_block_->at;
  }
  if (last_transaction_) {
    out.last_transaction = last_transaction_->unix_time;
    out.transaction_age = now - last_transaction_->at;
  }
  out.last_ping = last_ping_;
  out.lowest_ping = lowest_ping_;
  out.traffic.messages_received = messages_received_;
  out.traffic.messages_sent = outbox_.pushed();
  out.traffic.ignored = ignored_;
  auto adding_to = [](command_bytes& to) {
    return [&to](wire::command type, std::uint64_t, std::uint64_t bytes) {
      to[static_cast<std::size_t>(type)] += bytes;
    };
  };
  received_.for_each(adding_to(out.received_by_command));
  outbox_.tally().for_each(adding_to(out.sent_by_command));
  if (const auto since = oldest_ping())
    out.ping_wait = now - *since;
  out.fee_filter = fee_filter_;
  out.high_bandwidth_from = high_bandwidth_from_;
  out.requests_in_flight = outgoing_ ? outgoing_->in_flight() : 0;
  out.requests_queued = outgoing_ ? outgoing_->queued() : 0;
  out.inbound_backlog = inbound_ ? inbound_->backlog() : 0;
}

} // namespace peerage
