// SPDX-License-Identifier: MIT
#include "actors/addresses/address_answers.hpp"

#include "messages/network_names.hpp"
#include "messages/wire/addresses.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace peerage::addressing {

namespace {

known_address describe(const address_entry& entry, unix_seconds now) {
  return {entry.address,      std::string{to_string(entry.state(now))},
          entry.tried,        entry.source,
          entry.last_attempt, entry.last_success,
          entry.failures};
}

} // namespace

known_address_list find(self_pointer self, const wait_for_address& x) {
  known_address_list result;
  if (const auto* entry = self->state.table->find(x.remote))
    result.entries.push_back(describe(*entry, self->state.context->wall.now()));
  return result;
}

void note_saves(address_book_state& state) {
  if (std::exchange(state.saves, state.file.saves()) != state.file.saves())
    state.last_saved = state.save_began;
}

address_book_snapshot describe(self_pointer self) {
  auto& state = self->state;
  note_saves(state);
  address_book_snapshot result;
  result.total = state.table->size();
  result.last_saved = state.last_saved;
  result.saves = state.file.counts();
  for (std::uint8_t id = wire::ipv4_network; id <= wire::cjdns_network; ++id)
    if (const auto name = network_name(id); !name.empty()) {
      const auto counts = state.table->counts(static_cast<wire::address_network>(id));
      result.networks.push_back({std::string{name}, counts.in_new, counts.in_tried});
    }
  const auto now = self->state.context->wall.now();
  for (const auto& entry : state.table->entries())
    switch (entry.state(now)) {
    case address_state::never_tried: ++result.never_tried; break;
    case address_state::pending: ++result.pending; break;
    case address_state::responded: ++result.responded; break;
    case address_state::failed: ++result.failed; break;
    }
  return result;
}

peer_gossip_counts count_gossip(const address_book_state& state) {
  peer_gossip_counts result;
  for (const auto& [id, peer] : state.peers) {
    const auto counts = state.gossip->counts(id);
    result.entries.push_back({id, counts.processed, counts.rate_limited});
  }
  std::ranges::sort(result.entries, {}, &peer_gossip_counts::entry::peer);
  return result;
}

known_address_list list(self_pointer self, const get_known_addresses& x) {
  auto& random = self->state.context->random;
  auto all = self->state.table->entries();
  const auto now = self->state.context->wall.now();
  std::erase_if(all, [&](const address_entry& entry) {
    if (x.network_id != 0 && entry.address.network_id != x.network_id)
      return true;
    return x.presentable && entry.is_terrible(now);
  });
  const auto count = x.count == 0 ? all.size() : std::min(x.count, all.size());
  known_address_list result;
  result.entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(all[i], all[i + random.below(all.size() - i)]);
    result.entries.push_back(describe(all[i], now));
  }
  return result;
}

address_places list_places(self_pointer self) {
  const auto& table = *self->state.table;
  const auto now = self->state.context->wall.now();
  address_places result;
  for (const auto& entry : table.entries()) {
    const auto place = table.place_of(entry);
    (entry.tried ? result.in_tried : result.in_new)
      .push_back({describe(entry, now), place.bucket, place.slot});
  }
  for (auto* side : {&result.in_new, &result.in_tried})
    std::ranges::sort(*side, {}, [](const address_places::entry& x) {
      return std::pair{x.bucket, x.slot};
    });
  return result;
}

} // namespace peerage::addressing
