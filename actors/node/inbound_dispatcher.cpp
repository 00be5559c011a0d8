#include "actors/node/inbound_dispatcher.hpp"

#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <utility>

namespace peerage {

namespace {

using inbound_dispatcher_pointer =
  inbound_service_actor::stateful_pointer<inbound_dispatcher_state>;

template <class Reply, class Handle, class Request>
caf::result<Reply> pass(inbound_dispatcher_pointer self, const Handle& to, Request& x) {
  if (!to)
    return caf::make_error(caf::sec::request_receiver_down);
  return self->delegate(to, std::move(x));
}

/// The handler of what the node answers itself.
template <class Request, class Reply>
auto to_node(inbound_dispatcher_pointer self) {
  return [self](Request& x) { return pass<Reply>(self, self->state.node, x); };
}

} // namespace

inbound_service_actor::behavior_type inbound_dispatcher(inbound_dispatcher_pointer self,
                                                        inbound_service_actor node,
                                                        inventory_sink inventory,
                                                        address_book_actor book) {
  self->state.node = std::move(node);
  self->state.inventory = std::move(inventory);
  self->state.book = std::move(book);
  return {
    to_node<serve_headers, headers>(self),
    to_node<serve_block_hashes, block_hashes>(self),
    to_node<serve_block, wire::block>(self),
    to_node<serve_transaction, wire::tx>(self),
    to_node<serve_mempool, transaction_ids>(self),
    [self](serve_addresses& x) { return pass<addresses>(self, self->state.book, x); },
    [self](inventory_announced& x) { return pass<void>(self, self->state.inventory, x); },
    to_node<headers_announced, void>(self),
    [self](addresses_announced& x) { return pass<void>(self, self->state.book, x); },
    to_node<transaction_received, void>(self),
    to_node<block_received, void>(self),
  };
}

} // namespace peerage
