// SPDX-License-Identifier: MIT
#include "tests/support/scripted_service.hpp"

#include "actors/interfaces/inbound_service.hpp"

#include <utility>

namespace peerage::test {

namespace {

/// The answer of a node that has nothing.
template <class Answer>
caf::result<Answer> nothing() {
  return Answer{};
}
template <>
caf::result<wire::block> nothing() {
  return caf::make_error(request_error::not_found);
}
template <>
caf::result<wire::tx> nothing() {
  return caf::make_error(request_error::not_found);
}

} // namespace

inbound_service_actor::behavior_type scripted_service(inbound_service_actor::pointer,
                                                      const service_script& script) {
  auto hear = [any = script.on_any](const auto& what) {
    if (any)
      any(what);
  };
  auto reply = [hear]<class Question, class Answer>(
                 service_script::reply_to<Question, Answer> scripted) {
    return [hear, scripted = std::move(scripted)](const Question& x) {
      hear(x);
      return scripted ? scripted(x) : nothing<Answer>();
    };
  };
  auto take_body = [hear, wanted = script.wants_bodies]<class Body>() {
    return [hear, wanted](const Body& x) -> caf::result<void> {
      hear(x);
      if (!wanted)
        return caf::make_error(request_error::not_found);
      return caf::unit;
    };
  };
  return {
    reply(script.on_headers),
    reply(script.on_block_hashes),
    reply(script.on_block),
    reply(script.on_transaction),
    reply(script.on_mempool),
    reply(script.on_addresses),
    [hear](const inventory_announced& x) { hear(x); },
    [hear](const headers_announced& x) { hear(x); },
    [hear](const addresses_announced& x) { hear(x); },
    take_body.operator()<transaction_received>(),
    take_body.operator()<block_received>(),
  };
}

} // namespace peerage::test
