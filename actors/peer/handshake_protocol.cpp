// SPDX-License-Identifier: MIT
#include "actors/peer/handshake_protocol.hpp"

#include <algorithm>

namespace peerage {

namespace limits = wire::limits;

handshake_protocol::handshake_protocol(peer_rules_ptr rules, peer_info info)
    : rules_(std::move(rules)), info_(std::move(info)), traffic_(rules_->network.magic) {}

void handshake_protocol::start() {
  if (info_.direction == peer_direction::outbound)
    send_version();
}

void handshake_protocol::receive(const wire::frame& frame) {
  using wire::command;
  if (done_ || failure_)
    return;
  ++traffic_.messages_received;
  traffic_.received.count(frame.type, frame.wire_size());
  traffic_.received.report([this](wire::command type, std::uint64_t messages) {
    rules_->counters.messages_received[static_cast<std::size_t>(type)].fetch_add(
      messages, std::memory_order_relaxed);
  });
  if (!frame.checksum_ok())
    return count(ignored::bad_checksum);
  if (frame.type == command::version) {
    if (version_received_)
      return count(ignored::duplicate_handshake);
    return on_version(frame);
  }
  if (!version_received_)
    return count(ignored::before_version);
  switch (frame.type) {
  case command::verack: done_ = true; break;
  case command::wtxidrelay:
    if (info_.remote_protocol < limits::feature_version)
      return count(ignored::old_peer_feature);
    info_.wtxidrelay = true;
    break;
  case command::sendaddrv2: info_.addrv2 = true; break; // of any version (BIP 155)
  case command::sendheaders: break; // a hint, which Core takes as early, too
  case command::sendcmpct: return on_sendcmpct(frame);
  case command::unknown:
    // Features are negotiated here, so this is where unknown ones are expected.
    count(ignored::unknown_command);
    break;
  default: count(ignored::before_verack);
  }
}

void handshake_protocol::on_version(const wire::frame& frame) {
  wire::message decoded;
  if (wire::decode(frame.type, frame.payload, decoded) != wire::decode_result::ok)
    return count(ignored::malformed);
  auto& theirs = std::get<wire::version>(decoded);
  if (rules_->nonces.meet(theirs.nonce)) {
    failure_ = peer_exit::self_connection;
    return;
  }
  if (theirs.protocol < limits::lowest_version) {
    failure_ = peer_exit::obsolete_version;
    return;
  }
  version_received_ = true;
  info_.remote_protocol = theirs.protocol;
  info_.protocol = std::min(theirs.protocol, limits::protocol_version);
  info_.services = theirs.services;
  info_.user_agent = std::move(theirs.user_agent);
  info_.start_height = theirs.start_height;
  info_.relay = theirs.relay;
  info_.time_offset = std::max<std::int64_t>(theirs.time, 0) - rules_->wall.now();
  if (info_.direction == peer_direction::inbound)
    send_version();
  send_answer();
}

void handshake_protocol::on_sendcmpct(const wire::frame& frame) {
  wire::message decoded;
  if (wire::decode(frame.type, frame.payload, decoded) != wire::decode_result::ok)
    return count(ignored::malformed);
  if (const auto& hint = std::get<wire::sendcmpct>(decoded);
      hint.version == limits::compact_block_version)
    traffic_.high_bandwidth_from = hint.announce;
}

void handshake_protocol::send_version() {
  wire::version ours;
  ours.protocol = limits::protocol_version;
  ours.services = rules_->identity.services;
  ours.time = rules_->wall.now();
  // Only the receiver's address is set, so ours does not leak.
  ours.receiver.ip = info_.remote.ip;
  ours.receiver.port = info_.remote.port;
  nonce_ = rules_->random.next_nonzero();
  ours.nonce = nonce_;
  ours.user_agent = rules_->identity.user_agent;
  ours.start_height = rules_->identity.start_height;
  ours.relay = rules_->identity.relay;
  // An accepting side answers after it has seen the remote's nonce, so only the dialing
  // side's nonce can come back to us unseen.
  if (info_.direction == peer_direction::outbound)
    rules_->nonces.remember(ours.nonce);
  traffic_.outbox.push(ours);
}

void handshake_protocol::send_answer() {
  if (info_.protocol >= limits::feature_version) {
    traffic_.outbox.push(wire::wtxidrelay{});
    traffic_.outbox.push(wire::sendaddrv2{});
  }
  traffic_.outbox.push(wire::verack{});
}

void handshake_protocol::describe(peer_snapshot& out) const {
  out.info = info_;
  out.traffic.messages_received = traffic_.messages_received;
  out.traffic.messages_sent = traffic_.outbox.pushed();
  out.traffic.ignored = traffic_.ignored;
  out.high_bandwidth_from = traffic_.high_bandwidth_from;
  auto adding_to = [](command_bytes& to) {
    return [&to](wire::command type, std::uint64_t, std::uint64_t bytes) {
      to[static_cast<std::size_t>(type)] += bytes;
    };
  };
  traffic_.received.for_each(adding_to(out.received_by_command));
  traffic_.outbox.tally().for_each(adding_to(out.sent_by_command));
}

} // namespace peerage
