// SPDX-License-Identifier: MIT
#pragma once

#include <caf/actor_system_config.hpp>

namespace peerage {

/// Registers the message types and sets a scheduler that fits the machine. Base of every
/// actor system that runs peers.
class actor_system_config : public caf::actor_system_config {
public:
  actor_system_config();
};

} // namespace peerage
