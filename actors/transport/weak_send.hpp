// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <utility>

namespace peerage {

/// Sends to an actor that may be gone already; false if it is.
template <class Message>
bool deliver(const caf::weak_actor_ptr& sink, Message&& message) {
  auto target = caf::actor_cast<caf::actor>(sink);
  if (!target)
    return false;
  caf::anon_send(target, std::forward<Message>(message));
  return true;
}

} // namespace peerage
