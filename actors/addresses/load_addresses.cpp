// SPDX-License-Identifier: MIT
#include "actors/addresses/load_addresses.hpp"

#include "actors/addresses/address_fault.hpp"
#include "actors/addresses/saved_addresses.hpp"
#include "actors/addresses/wanted_addresses.hpp"
#include "actors/base/log.hpp"
#include "messages/wire/addresses.hpp"

#include <array>
#include <bit>
#include <string>

namespace peerage::addressing {

namespace {

hash_secret random_secret(random_source& random) {
  const std::array<std::uint64_t, 2> numbers{random.next(), random.next()};
  return std::bit_cast<hash_secret>(numbers);
}

/// Takes in an entry of the journal, newer than the saved rest.
void repeat(self_pointer self, const address_entry& x) {
  auto& table = *self->state.table;
  const auto now = self->state.context->wall.now();
  const auto address = canonical(x.address);
  if (!address)
    return;
  if (table.find(*address)) // as it was before
    table.erase_if([key = key_of(*address)](const address_entry& y) {
      return key_of(y.address) == key;
    });
  if (table.restore({x}, now) > 0)
    return;
  // Its own insertion had displaced another one.
  table.insert(*address, x.source, now);
  if (const auto remote = to_endpoint(*address); remote && x.tried)
    table.connected(*remote, address->services, now);
}

} // namespace

void start_table(self_pointer self) {
  auto& state = self->state;
  auto& random = state.context->random;
  const bool saved_here = !state.options.directory.empty() && state.options.saver;
  const auto path = state.options.directory / "addresses.json";
  const auto saved =
    saved_here ? load_saved_addresses(*state.context->disk, path) : saved_addresses{};
  state.table.emplace(saved.secret ? *saved.secret : random_secret(random), random);
  state.table->restore(saved.entries, self->state.context->wall.now());
  for (const auto& entry : saved.changed)
    repeat(self, entry);
  // What was fine when it was saved may be unwanted under today's options.
  state.table->erase_if([&](const address_entry& x) {
    return fault_of(x.address, state.options.allow_unroutable) ||
           is_own(state, x.remote());
  });
  const auto left_out = state.table->erase_if(
    [&](const address_entry& x) { return is_out_of_reach(state, x.remote()); });
  if (left_out > 0)
    log::warn("{} saved addresses are forgotten: this node dials no public addresses "
              "without --allow-public",
              left_out);
  if (!saved_here)
    return;
  log::info("{} saved addresses, {} of them connected before", state.table->size(),
            state.table->counts().in_tried);
  auto body = [self] {
    self->state.save_began = self->state.context->wall.now();
    return to_json(self->state.table->secret(), self->state.table->entries());
  };
  state.file.open(self, state.options.saver, path, std::string{saved_addresses_kind},
                  saved_addresses_version, saved.last_record, body);
  if (!saved.secret)
    state.file.mark_changed();
}

} // namespace peerage::addressing
