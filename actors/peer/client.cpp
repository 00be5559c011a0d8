// SPDX-License-Identifier: MIT
#include "actors/peer/client.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

using client_pointer = client_actor::stateful_pointer<client_state>;

/// Passes a request on to the CONNECTION, within the bound.
template <class Request>
auto passing(client_pointer self) {
  return [self](Request& x) -> caf::result<typename Request::reply> {
    if (self->state.under_way >= max_client_requests)
      return caf::make_error(request_error::overloaded);
    ++self->state.under_way;
    return self->delegate(self->state.connection, std::move(x));
  };
}

} // namespace

client_actor::behavior_type client(client_pointer self,
                                   const connection_actor& connection) {
  self->state.connection = connection;
  self->monitor(connection);
  self->set_down_handler(
    [self](caf::down_msg& x) { self->quit(caf::make_error(exit_of(x.reason))); });
  return answering_each<client_actor::behavior_type>(
    std::type_identity<request>{}, [self](request_finished) { --self->state.under_way; },
    [self]<class Request>() { return passing<Request>(self); },
    [self](get_peer_snapshot x) { return self->delegate(self->state.connection, x); },
    [self](get_peer_group) {
      return self->delegate(self->state.connection,
                            peer_group{{{"client", self->id(), self->mailbox().size()}}});
    },
    [self](ping_now x) { self->send(self->state.connection, x); },
    [self](const cancel_request& x) {
      return self->delegate(self->state.connection, x);
    });
}

} // namespace peerage
