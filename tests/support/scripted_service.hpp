// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/inbound_service.hpp"
#include "actors/peer/inbound_requests.hpp"

#include <caf/result.hpp>

#include <functional>

namespace peerage::test {

/// The answers of a scripted inbound service to each question. A question without an
/// answer here is answered as by a node that has nothing. `caf::delegated<Answer>{}` as a
/// result leaves the question open, for good.
struct service_script {
  template <class Question, class Answer>
  using reply_to = std::function<caf::result<Answer>(const Question&)>;

  reply_to<serve_headers, headers> on_headers = {};
  reply_to<serve_block_hashes, block_hashes> on_block_hashes = {};
  reply_to<serve_block, wire::block> on_block = {};
  reply_to<serve_transaction, wire::tx> on_transaction = {};
  reply_to<serve_mempool, transaction_ids> on_mempool = {};
  reply_to<serve_addresses, addresses> on_addresses = {};
  /// Whether unsolicited blocks and transactions are of any use.
  bool wants_bodies = true;
  /// Hears everything that the service is asked or told, before the answer is made.
  std::function<void(const service_request&)> on_any = {};
};

/// An inbound service for tests. The script is run by the service's actor alone, one
/// message after the other.
inbound_service_actor::behavior_type scripted_service(inbound_service_actor::pointer self,
                                                      const service_script& script);

} // namespace peerage::test
