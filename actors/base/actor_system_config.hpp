// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_system_config.hpp>

namespace peerage {

/// Tells an actor system of our messages: needed once, before it runs peers. Their type
/// ids begin at `first_type_id`; smaller ones are free for others.
void register_messages(caf::actor_system_config& config);

/// For actor systems that do nothing but this: registers the messages, and sets a
/// scheduler that fits the machine.
class actor_system_config : public caf::actor_system_config {
public:
  actor_system_config();
};

} // namespace peerage
