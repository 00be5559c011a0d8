// SPDX-License-Identifier: MIT
#pragma once

#include "actors/chain/regtest_chain.hpp"
#include "actors/interfaces/inbound_service.hpp"

namespace peerage {

struct chain_service_state {
  chain_service_state() = default;

  std::shared_ptr<const regtest_chain> chain;
  static inline const char* name = "chain_service";
};

/// The built-in inbound service: serves a regtest chain from memory, or, without one,
/// answers that it has nothing. Takes announcements without acting on them.
inbound_service_actor::behavior_type
chain_service(inbound_service_actor::stateful_pointer<chain_service_state> self,
              std::shared_ptr<const regtest_chain> chain);

} // namespace peerage
