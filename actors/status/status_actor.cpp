#include "actors/status/status_actor.hpp"

#include "actors/status/limits.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

status_actor::behavior_type status(status_actor::stateful_pointer<status_state> self,
                                   const status_source_actor& source) {
  self->state.source = source;
  return {
    [self](query_node& x) {
      self
        ->request(self->state.source, status_limits::source_deadline, get_node_snapshot{})
        .then([done = x.done](node_snapshot& found) { done(std::move(found)); },
              [done = x.done](caf::error& failure) { done(std::move(failure)); });
    },
    [self](query_peers& x) {
      self
        ->request(self->state.source, status_limits::source_deadline,
                  get_peer_snapshots{})
        .then([done = x.done](peer_snapshots& found) { done(std::move(found)); },
              [done = x.done](caf::error& failure) { done(std::move(failure)); });
    },
  };
}

} // namespace peerage
