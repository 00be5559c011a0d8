// SPDX-License-Identifier: MIT
#include "actors/status/http/status_actor.hpp"

namespace peerage {

status_actor::behavior_type status(status_pointer self,
                                   const status_source_actor& manager,
                                   std::shared_ptr<const rpc_methods> methods) {
  self->state.manager = manager;
  self->state.methods = std::move(methods);
  // Tasks wait until this is answered, however long a starting node takes with thousands
  // of peers: a caller has its own deadline. The manager answers, or ends.
  self->request(manager, caf::infinite, get_node_handles{})
    .await([self](node_handles& parts) { self->state.parts = std::move(parts); },
           [self](caf::error& failure) { self->quit(std::move(failure)); });
  return {
    [self](const status_task& x) { x.run(self); },
  };
}

} // namespace peerage
