// SPDX-License-Identifier: MIT
#include "actors/peer/message_trace.hpp"

#include "actors/base/log.hpp"
#include "messages/wire/envelope.hpp"

#include <algorithm>

namespace peerage {

namespace {

bool is_wanted() {
  return log::is_on(log::part::messages, log::level::trace);
}

void trace(const char* flow, const peer_info& peer, wire::command type,
           std::size_t bytes) {
  log::write(log::part::messages, log::always(log::level::trace),
             "{} {} ({} bytes) peer {} {}", log::field("flow", flow),
             log::field("command", to_string(type)), log::field("bytes", bytes),
             log::field("peer", peer.id), log::field("address", to_string(peer.remote)));
}

} // namespace

void trace_received(const peer_info& from, const wire::frame& what) {
  if (is_wanted())
    trace("received", from, what.type, what.wire_size());
}

void trace_sent(const peer_info& to, const std::vector<wire::slice>& messages) {
  if (!is_wanted())
    return;
  std::size_t rest = 0; // of a message that goes on in the next slice
  for (const auto& piece : messages) {
    std::size_t at = rest;
    while (at + wire::envelope_size <= piece.size()) {
      const auto head = wire::read_envelope(piece.data() + at);
      const auto bytes = wire::envelope_size + head.length;
      trace("sent", to, head.type, bytes);
      at += bytes;
    }
    rest = at - std::min(at, piece.size());
  }
}

} // namespace peerage
