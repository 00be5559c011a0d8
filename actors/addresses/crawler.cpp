// SPDX-License-Identifier: MIT
#include "actors/addresses/crawler.hpp"

#include "actors/base/log.hpp"
#include "actors/interfaces/broadcasts.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

using crawler_pointer = crawler_actor::stateful_pointer<crawler_state>;

void schedule(crawler_pointer self, time_point due) {
  auto& state = self->state;
  if (state.last_start)
    due = std::max(due, *state.last_start + crawl_interval);
  self->send(state.context->alarms, set_alarm{0, due});
}

void look_later(crawler_pointer self) {
  self->state.in_flight = false;
  schedule(self, self->clock().now() + crawl_interval);
}

void finish(crawler_pointer self, const gathered_addresses& found) {
  auto& state = self->state;
  state.counts.asked += found.asked;
  state.counts.answers += found.answers;
  log::debug("crawl: {} peers asked, {} addresses from {}", found.asked, found.entries,
             found.answers);
  state.in_flight = false;
  schedule(self, self->clock().now());
}

void crawl(crawler_pointer self) {
  auto& state = self->state;
  state.wanted = false;
  state.last_start = self->clock().now();
  ++state.counts.crawls;
  self
    ->request(state.peers, crawl_deadline,
              gather_addresses{crawl_fan_out, crawl_timeout,
                               caf::actor_cast<addresses_answered_sink>(state.book)})
    .then([self](const gathered_addresses& found) { finish(self, found); },
          [self](const caf::error& why) {
            ++self->state.counts.failures;
            log::debug("a crawl failed: {}", self->system().render(why));
            look_later(self);
          });
}

/// Begins a crawl if one is due.
void look(crawler_pointer self) {
  auto& state = self->state;
  if (state.in_flight || !state.peers || state.connected.empty())
    return;
  state.in_flight = true;
  if (state.wanted)
    return crawl(self);
  self->request(state.book, address_book_timeout, get_address_book_snapshot{})
    .then(
      [self](const address_book_snapshot& x) {
        if (x.total < enough_addresses || self->state.wanted)
          crawl(self);
        else
          look_later(self);
      },
      [self](const caf::error&) { look_later(self); });
}

} // namespace

crawler_actor::behavior_type crawler(crawler_pointer self, node_context_ptr context,
                                     address_book_actor book) {
  self->state.context = std::move(context);
  self->state.book = std::move(book);
  return {
    [self](const peer_joined& x) {
      auto& state = self->state;
      state.connected.insert(x.info.id);
      if (state.connected.size() == 1)
        schedule(self, self->clock().now() + first_crawl_delay);
    },
    [self](const peer_left& x) { self->state.connected.erase(x.info.id); },
    [self](attach_crawl_target& x) {
      self->state.peers = std::move(x.peers);
      schedule(self, self->clock().now() + first_crawl_delay);
    },
    [self](crawl_wanted) {
      if (!std::exchange(self->state.wanted, true))
        schedule(self, self->clock().now());
    },
    [self](get_crawler_counts) { return self->state.counts; },
    [self](const alarm&) { look(self); },
  };
}

} // namespace peerage
