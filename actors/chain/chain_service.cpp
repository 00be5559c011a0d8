// SPDX-License-Identifier: MIT
#include "actors/chain/chain_service.hpp"

#include "messages/wire/limits.hpp"

#include <caf/stateful_actor.hpp>

namespace peerage {

namespace {

/// As many as nodes of the network put into one inv.
constexpr std::size_t max_block_hashes = 500;

caf::error nothing() {
  return caf::make_error(request_error::not_found);
}

} // namespace

inbound_service_actor::behavior_type
chain_service(inbound_service_actor::stateful_pointer<chain_service_state> self,
              std::shared_ptr<const regtest_chain> chain) {
  self->state.chain = std::move(chain);
  return {
    [self](const serve_headers& x) {
      headers result;
      if (const auto& from = self->state.chain) {
        auto [first, count] = from->after(x.locator, x.stop, wire::limits::headers);
        for (std::size_t i = 0; i < count; ++i)
          result.entries.push_back(from->at(first + i).header());
      }
      return result;
    },
    [self](const serve_block_hashes& x) {
      block_hashes result;
      if (const auto& from = self->state.chain) {
        auto [first, count] = from->after(x.locator, x.stop, max_block_hashes);
        for (std::size_t i = 0; i < count; ++i)
          result.entries.push_back(from->hash_at(first + i));
      }
      return result;
    },
    [self](const serve_block& x) -> caf::result<wire::block> {
      const auto& from = self->state.chain;
      if (auto height = from ? from->find(x.hash) : std::nullopt)
        return from->at(*height);
      return nothing();
    },
    [](const serve_transaction&) -> caf::result<wire::tx> { return nothing(); },
    [](const serve_mempool&) { return transaction_ids{}; },
    [](const serve_addresses&) { return addresses{}; },
    [](const inventory_announced&) {},
    [](const headers_announced&) {},
    [](const addresses_announced&) {},
    // It keeps neither, so none is of use to it.
    [](const transaction_received&) -> caf::result<void> { return nothing(); },
    [](const block_received&) -> caf::result<void> { return nothing(); },
  };
}

} // namespace peerage
