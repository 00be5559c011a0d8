// SPDX-License-Identifier: MIT
#include "tests/support/memory_acceptor.hpp"

#include "actors/transport/weak_send.hpp"

#include <utility>

namespace peerage {

void memory_acceptor::start(const caf::strong_actor_ptr& sink, std::size_t token,
                            std::size_t credit) {
  token_ = token;
  sink_ = caf::actor_cast<caf::weak_actor_ptr>(sink);
  grant(credit);
}

void memory_acceptor::grant(std::size_t credit) {
  credit_ += credit;
  hand_over();
}

void memory_acceptor::add(transport_ptr connection) {
  waiting_.push_back(std::move(connection));
  hand_over();
}

void memory_acceptor::hand_over() {
  for (; credit_ > 0 && !waiting_.empty(); --credit_) {
    if (starved_()) {
      deliver(sink_, out_of_descriptors{});
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    deliver(sink_, accepted{std::move(next), token_});
  }
}

} // namespace peerage
