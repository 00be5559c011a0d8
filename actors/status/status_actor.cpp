#include "actors/status/status_actor.hpp"

#include "actors/status/limits.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

template <class Query>
auto asking(status_actor::stateful_pointer<status_state> self) {
  return [self](Query& x) {
    self->request(self->state.source, status_limits::source_deadline, x.what)
      .then([done = x.done](typename Query::answer& found) { done(std::move(found)); },
            [done = x.done](caf::error& failure) { done(std::move(failure)); });
  };
}

} // namespace

status_actor::behavior_type status(status_actor::stateful_pointer<status_state> self,
                                   const status_source_actor& source) {
  self->state.source = source;
  return {
    asking<query_node>(self),
    asking<query_peers>(self),
    asking<query_addresses>(self),
    asking<query_bans>(self),
  };
}

} // namespace peerage
