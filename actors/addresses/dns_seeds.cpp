// SPDX-License-Identifier: MIT
#include "actors/addresses/dns_seeds.hpp"

#include "actors/base/log.hpp"
#include "messages/subnet.hpp"
#include "messages/wire/addresses.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

using dns_seeds_pointer = dns_seeds_actor::stateful_pointer<dns_seeds_state>;

constexpr std::uint64_t round_alarm = 1;
constexpr std::uint64_t timeout_alarm = 2;

constexpr unix_seconds youngest = 3 * one_day;
constexpr unix_seconds oldest = 7 * one_day;

bool is_enabled(const dns_seeds_state& state) {
  return state.resolver && !state.context->network.seeds.empty();
}

void schedule(dns_seeds_pointer self, time_point due) {
  due = std::max(due, self->state.next_round);
  self->send(self->state.context->alarms, set_alarm{round_alarm, due});
}

// -- rounds ---------------------------------------------------------------------------

void set_pause(dns_seeds_pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.last_round && now - *state.last_round > 2 * longest_seed_pause)
    state.rounds_in_row = 0;
  state.last_round = now;
  caf::timespan pause = first_seed_pause * (1 << std::min(state.rounds_in_row++, 6u));
  pause = std::min<caf::timespan>(pause, longest_seed_pause);
  const auto spread = static_cast<std::uint64_t>(pause.count() / 4);
  pause += caf::timespan{static_cast<std::int64_t>(state.context->random.below(spread))};
  state.next_round = now + pause;
}

void end_round(dns_seeds_pointer self) {
  auto& state = self->state;
  self->send(state.context->alarms, cancel_alarm{timeout_alarm});
  for (const auto& name : std::exchange(state.awaited, {})) {
    ++state.counts.failures;
    log::debug("DNS seed {} does not answer", log::field("seed", name));
  }
  // The pause shows whether that was enough.
  schedule(self, state.next_round);
}

void begin_round(dns_seeds_pointer self) {
  auto& state = self->state;
  set_pause(self);
  ++state.counts.rounds;
  log::info("asking {} DNS seeds for addresses", state.context->network.seeds.size());
  const auto sink = caf::actor_cast<caf::strong_actor_ptr>(self);
  for (const auto seed : state.context->network.seeds) {
    std::string name{seed};
    if (!state.under_way.insert(name).second)
      continue;
    state.awaited.insert(name);
    ++state.counts.lookups;
    state.resolver->resolve(std::move(name), state.context->network.port, sink);
  }
  if (state.awaited.empty())
    return end_round(self); // all look-ups of an earlier round still hang
  self->send(state.context->alarms,
             set_alarm{timeout_alarm, self->clock().now() + seed_timeout});
}

/// Begins a round if addresses are lacking.
void look(dns_seeds_pointer self) {
  auto& state = self->state;
  if (!state.awaited.empty())
    return;
  if (state.wanted)
    return begin_round(self);
  if (state.counts.added > 0)
    return; // few, but no more are wanted
  self->request(state.book, address_book_timeout, get_address_book_snapshot{})
    .then(
      [self](const address_book_snapshot& x) {
        if (self->state.awaited.empty() && x.total < few_addresses)
          begin_round(self);
      },
      [](const caf::error&) {});
}

// -- answers --------------------------------------------------------------------------

wire::network_address as_hearsay(dns_seeds_pointer self, const endpoint& where) {
  auto& context = *self->state.context;
  const auto spread = static_cast<std::uint64_t>(oldest - youngest);
  const auto age = youngest + static_cast<unix_seconds>(context.random.below(spread));
  const auto seen = std::max<unix_seconds>(context.wall.now() - age, 0);
  return wire::to_network_address(
    {static_cast<std::uint32_t>(seen), {wire::node_network, where.ip, where.port}});
}

void on_resolved(dns_seeds_pointer self, const resolved& x) {
  auto& state = self->state;
  if (state.under_way.erase(x.name) == 0)
    return;
  const bool in_time = state.awaited.erase(x.name) > 0;
  add_addresses found;
  for (const auto& where : x.endpoints)
    if (is_routable(where))
      found.entries.push_back(as_hearsay(self, where));
  const auto refused = x.endpoints.size() - found.entries.size();
  state.counts.refused += refused;
  if (refused > 0)
    log::warn("DNS seed {}: refused {} of {} addresses, such as the public network does "
              "not have",
              log::field("seed", x.name), refused, x.endpoints.size());
  if (x.endpoints.empty()) {
    state.counts.failures += in_time ? 1 : 0;
    log::debug("DNS seed {}: {}", log::field("seed", x.name),
               log::field("reason", x.error));
  } else {
    ++state.counts.answers;
  }
  if (!found.entries.empty())
    self->request(state.book, address_book_timeout, std::move(found))
      .then(
        [self, name = x.name](std::uint64_t added) {
          self->state.counts.added += added;
          if (added > 0)
            self->state.wanted = false;
          log::info("DNS seed {}: {} new addresses", log::field("seed", name),
                    log::field("addresses", added));
        },
        [](const caf::error&) {});
  if (in_time && state.awaited.empty())
    end_round(self);
}

} // namespace

dns_seeds_actor::behavior_type dns_seeds(dns_seeds_pointer self, node_context_ptr context,
                                         address_book_actor book,
                                         std::shared_ptr<peerage::resolver> resolver) {
  auto& state = self->state;
  state.context = std::move(context);
  state.book = std::move(book);
  state.resolver = std::move(resolver);
  if (is_enabled(state)) {
    state.counts.seeds = state.context->network.seeds.size();
    schedule(self, self->clock().now());
  }
  return {
    [self](crawl_wanted) {
      auto& seeds = self->state;
      if (is_enabled(seeds) && !std::exchange(seeds.wanted, true) &&
          seeds.awaited.empty())
        schedule(self, self->clock().now() + dns_seeds_delay);
    },
    [self](addresses_available) { self->state.wanted = false; },
    [self](const resolved& x) { on_resolved(self, x); },
    [self](get_dns_seeds_counts) { return self->state.counts; },
    [self](const alarm& x) {
      if (x.token == round_alarm)
        look(self);
      else if (!self->state.awaited.empty())
        end_round(self);
    },
  };
}

} // namespace peerage
