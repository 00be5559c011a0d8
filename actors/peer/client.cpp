#include "actors/peer/client.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

using client_pointer = client_actor::stateful_pointer<client_state>;

/// Passes a request on, within the bound.
template <class Reply, class Request>
auto passing(client_pointer self) {
  return [self](Request& x) -> caf::result<Reply> {
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
  return {
    passing<latency, measure_latency>(self),
    passing<addresses, get_addresses>(self),
    passing<headers, get_headers>(self),
    passing<block_hashes, get_block_hashes>(self),
    passing<blocks, get_blocks>(self),
    passing<transactions, get_transactions>(self),
    passing<transaction_ids, get_mempool>(self),
    passing<void, send_transaction>(self),
    passing<void, announce_transactions>(self),
    passing<void, announce_block>(self),
    passing<void, announce_addresses>(self),
    [self](get_peer_snapshot x) { return self->delegate(self->state.connection, x); },
    [self](get_peer_group) {
      return self->delegate(self->state.connection,
                            peer_group{{{"client", self->id(), self->mailbox().size()}}});
    },
    [self](ping_now x) { self->send(self->state.connection, x); },
    [self](const cancel_request& x) { return self->delegate(self->state.connection, x); },
    [self](request_finished) { --self->state.under_way; },
  };
}

} // namespace peerage
