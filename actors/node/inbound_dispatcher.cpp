// SPDX-License-Identifier: MIT
#include "actors/node/inbound_dispatcher.hpp"

#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <type_traits>
#include <utility>

namespace peerage {

namespace {

using inbound_dispatcher_pointer =
  inbound_service_actor::stateful_pointer<inbound_dispatcher_state>;

/// Inventory goes to the PEER_SET, addresses to the ADDRESS_BOOK, everything else to the
/// node's own service.
template <class Request>
const auto& receiver_of(const inbound_dispatcher_state& state) {
  if constexpr (std::is_same_v<Request, inventory_announced>)
    return state.inventory;
  else if constexpr (std::is_same_v<Request, serve_addresses> ||
                     std::is_same_v<Request, addresses_announced>)
    return state.book;
  else
    return state.node;
}

template <class Request>
auto passing_on(inbound_dispatcher_pointer self) {
  return [self](Request& x) -> caf::result<typename Request::reply> {
    const auto& to = receiver_of<Request>(self->state);
    if (!to)
      return caf::make_error(caf::sec::request_receiver_down);
    return self->delegate(to, std::move(x));
  };
}

template <class... Requests>
inbound_service_actor::behavior_type
passing_each(std::type_identity<std::variant<Requests...>>,
             inbound_dispatcher_pointer self) {
  return {passing_on<Requests>(self)...};
}

} // namespace

inbound_service_actor::behavior_type inbound_dispatcher(inbound_dispatcher_pointer self,
                                                        inbound_service_actor node,
                                                        inventory_sink inventory,
                                                        address_book_actor book) {
  self->state.node = std::move(node);
  self->state.inventory = std::move(inventory);
  self->state.book = std::move(book);
  return passing_each(std::type_identity<service_request>{}, self);
}

} // namespace peerage
