// SPDX-License-Identifier: MIT
#include "actors/library/inbound_service.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <exception>
#include <memory>

namespace peerage {

namespace {

caf::error not_found() {
  return caf::make_error(request_error::not_found);
}

/// What the function returns; as by a node that has nothing if there is none, or if it
/// throws.
template <class Question, class Answer>
caf::result<Answer> answer_by(const std::function<Answer(const Question&)>& by,
                              const Question& x) {
  if (!by)
    return answer_of_nobody(x);
  try {
    return by(x);
  } catch (const std::exception&) {
    return not_found();
  }
}

template <class Question, class Answer>
caf::result<Answer>
answer_by(const std::function<std::optional<Answer>(const Question&)>& by,
          const Question& x) {
  try {
    if (by)
      if (auto found = by(x))
        return std::move(*found);
  } catch (const std::exception&) {
    // not found
  }
  return not_found();
}

template <class News>
void tell(const std::function<void(const News&)>& to, const News& x) {
  try {
    if (to)
      to(x);
  } catch (const std::exception&) {
    // no answer is awaited
  }
}

template <class Body>
caf::result<void> offer(const std::function<bool(const Body&)>& to, const Body& x) {
  try {
    if (to && to(x))
      return caf::unit;
  } catch (const std::exception&) {
    // of no use
  }
  return not_found();
}

inbound_service_actor::behavior_type
service(inbound_service_actor::pointer,
        const std::shared_ptr<const inbound_service>& what) {
  return {
    [what](const serve_headers& x) { return answer_by(what->on_headers, x); },
    [what](const serve_block_hashes& x) { return answer_by(what->on_block_hashes, x); },
    [what](const serve_block& x) { return answer_by(what->on_block, x); },
    [what](const serve_transaction& x) { return answer_by(what->on_transaction, x); },
    [what](const serve_mempool& x) { return answer_by(what->on_mempool, x); },
    [what](const serve_addresses& x) { return answer_by(what->on_addresses, x); },
    [what](const inventory_announced& x) { tell(what->on_inventory, x); },
    [what](const headers_announced& x) { tell(what->on_headers_announced, x); },
    [what](const addresses_announced& x) { tell(what->on_addresses_announced, x); },
    [what](const transaction_received& x) {
      return offer(what->on_transaction_received, x);
    },
    [what](const block_received& x) { return offer(what->on_block_received, x); },
  };
}

} // namespace

inbound_service_actor spawn_service(caf::actor_system& system, inbound_service what) {
  return system.spawn(service, std::make_shared<const inbound_service>(std::move(what)));
}

} // namespace peerage
