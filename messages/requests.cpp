// SPDX-License-Identifier: MIT
#include "messages/requests.hpp"

#include "messages/type_ids.hpp"

#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <array>

namespace peerage {

namespace {

constexpr std::array<std::string_view, 9> error_names{
  "none",      "not_found",     "timeout",       "overloaded",       "cancelled",
  "peer_gone", "no_ready_peer", "shutting_down", "too_many_waiting",
};

} // namespace

std::string_view to_string(request_error x) {
  return error_names[static_cast<std::size_t>(x)];
}

caf::error request_error_for(peer_exit reason) {
  if (reason == peer_exit::client_dropped)
    return caf::make_error(request_error::cancelled);
  if (reason == peer_exit::shutting_down)
    return caf::make_error(request_error::shutting_down);
  return caf::make_error(request_error::peer_gone, reason);
}

request_error outcome_of(const caf::error& failure) {
  if (failure && failure.category() == caf::atom("request") && failure.code() >= 1 &&
      failure.code() < error_names.size())
    return static_cast<request_error>(failure.code());
  if (failure == caf::sec::request_timeout)
    return request_error::timeout;
  return request_error::peer_gone;
}

peer_exit exit_of_request(const caf::error& failure) {
  if (failure && failure.category() == caf::atom("request") &&
      failure.context().match_elements<caf::error>()) // CAF's form of a peer_exit
    return exit_of(failure.context().get_as<caf::error>(0));
  return peer_exit::internal_error;
}

request_kind kind_of(const request& x) {
  return static_cast<request_kind>(x.index());
}

std::string_view to_string(request_kind x) {
  switch (x) {
  case request_kind::measure_latency: return "measure_latency";
  case request_kind::get_addresses: return "get_addresses";
  case request_kind::get_headers: return "get_headers";
  case request_kind::get_block_hashes: return "get_block_hashes";
  case request_kind::get_blocks: return "get_blocks";
  case request_kind::get_transactions: return "get_transactions";
  case request_kind::get_mempool: return "get_mempool";
  case request_kind::send_transaction: return "send_transaction";
  case request_kind::announce_transactions: return "announce_transactions";
  case request_kind::announce_block: return "announce_block";
  case request_kind::announce_addresses: return "announce_addresses";
  }
  return "unknown";
}

bool is_keyed(request_kind x) {
  return x == request_kind::measure_latency || x == request_kind::get_blocks ||
         x == request_kind::get_transactions;
}

bool is_push(request_kind x) {
  return x == request_kind::send_transaction ||
         x == request_kind::announce_transactions || x == request_kind::announce_block ||
         x == request_kind::announce_addresses;
}

} // namespace peerage
