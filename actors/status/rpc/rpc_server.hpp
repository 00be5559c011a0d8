// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/answer_budget.hpp"
#include "actors/status/http/http.hpp"
#include "actors/status/http/status_limits.hpp"
#include "actors/status/http/turn_queue.hpp"
#include "actors/status/rpc/rpc.hpp"

#include <memory>
#include <string>

namespace peerage {

/// JSON-RPC 1.0 and 2.0 over HTTP, single and batch, with the statuses and error codes of
/// Bitcoin Core's server (httprpc.cpp, rpc/request.cpp).
class rpc_server {
public:
  explicit rpc_server(std::shared_ptr<const rpc_methods> methods)
      : methods_(std::move(methods)),
        calls_(std::make_shared<answer_budget>(status_limits::all_calls_bytes,
                                               status_limits::all_calls_bytes)),
        budget_(std::make_shared<answer_budget>(status_limits::call_answer_bytes,
                                                status_limits::all_answers_bytes)) {}

  /// Answers the body of one POST. Calls of a batch run one after the other, each when
  /// the client has taken most of the answers before it; when the client is gone, the
  /// rest is not run.
  void serve(const std::string& body, const status_actor& status,
             const reply_slot_ptr& slot) const;

  /// A longer body is read in a turn of its own, one of them at a time: other clients
  /// have their turns in between. Bytes.
  static constexpr std::size_t long_body = 64 << 10;

  /// Calls of one batch.
  static constexpr std::size_t max_batch = 1'000;

private:
  void read(const std::string& body, const status_actor& status,
            const reply_slot_ptr& slot) const;
  void refuse(const rpc_error& why, const status_actor& status,
              const reply_slot_ptr& slot) const;

  std::shared_ptr<const rpc_methods> methods_;
  std::shared_ptr<turn_queue> long_bodies_ = std::make_shared<turn_queue>();
  std::shared_ptr<answer_budget> calls_;  ///< Memory of the calls.
  std::shared_ptr<answer_budget> budget_; ///< Memory of the answers.
};

} // namespace peerage
