// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/cancel_request.hpp"
#include "messages/checks/mutant.hpp"
#include "messages/requests.hpp"

#include <caf/response_promise.hpp>

#include <utility>
#include <variant>

namespace peerage {

/// A waiting caller. It is answered exactly once, whatever happens (invariant I3):
/// destroying it unanswered, even by a crash, answers `peer_gone`.
class pending_reply {
public:
  explicit pending_reply(caf::response_promise promise) : promise_(std::move(promise)) {}
  pending_reply(pending_reply&& other) noexcept
      : promise_(std::exchange(other.promise_, {})) {}
  pending_reply& operator=(pending_reply&&) = delete;
  ~pending_reply() {
    if (!is_on(mutant::caller_dropped_at_end))
      fail(caf::make_error(request_error::peer_gone, peer_exit::internal_error));
  }

  void deliver(std::variant<reply, caf::error>&& result) {
    if (auto* why = std::get_if<caf::error>(&result))
      return fail(std::move(*why));
    auto promise = std::exchange(promise_, {});
    if (promise.pending())
      std::visit([&](auto& value) { promise.deliver(std::move(value)); },
                 std::get<reply>(result));
  }

  bool is_meant(const cancel_request& what, const caf::strong_actor_ptr& asker) const {
    return peerage::is_meant(what, asker, promise_);
  }

  void fail(caf::error why) {
    auto promise = std::exchange(promise_, {});
    if (promise.pending())
      promise.deliver(std::move(why));
  }

private:
  caf::response_promise promise_;
};

} // namespace peerage
