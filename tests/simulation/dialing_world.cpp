// SPDX-License-Identifier: MIT
#include "tests/simulation/dialing_world.hpp"

#include "actors/interfaces/broadcasts.hpp"
#include "messages/known_address.hpp"
#include "tests/simulation/requests_fixture.hpp"

#include <algorithm>

namespace peerage::test {

namespace {

address_book_actor::behavior_type book_double(address_book_actor::pointer self,
                                              std::shared_ptr<scripted_book> script) {
  return {
    [](const peer_joined&) {},
    [](const peer_left&) {},
    [](const addresses_announced&) {},
    [](const serve_addresses&) { return addresses{}; },
    [](const addresses_answered&) {},
    [](const add_addresses&) { return std::uint64_t{0}; },
    [self, script](const get_candidates& x) -> caf::result<candidates> {
      ++script->questions;
      if (script->hangs)
        return script->open.emplace_back(self->make_response_promise<candidates>());
      candidates result;
      while (result.entries.size() < x.count && !script->offers.empty()) {
        result.entries.push_back(script->offers.front());
        script->offers.pop_front();
      }
      return result;
    },
    [script](const dial_ended& x) { script->ended[x.remote] = x.result; },
    [](get_address_book_snapshot) { return address_book_snapshot{}; },
    [](const get_known_addresses&) { return known_address_list{}; },
    [](const wait_for_address&) { return known_address_list{}; },
    [](get_address_places) { return address_places{}; },
    [](get_gossip_counts) { return peer_gossip_counts{}; },
    [](const cancel_request&) {},
    [](const bans_changed&) {},
    [](const attach_address_users&) {},
    [](const peerage::alarm&) {},
  };
}

} // namespace

dialing_world::dialing_world(dialer_options options, bool with_book) {
  script = std::make_shared<scripted_book>();
  dialer = system.spawn(peerage::dialer, context, std::move(options));
  peer_set_options set_options;
  set_options.observers = {caf::actor_cast<peer_observer_actor>(dialer)};
  set_options.quiet = true;
  set = system.spawn(peer_set, context, std::move(set_options));
  if (with_book)
    book = system.spawn(book_double, script);
}

dialing_world::~dialing_world() {
  for (const auto& x :
       {caf::actor_cast<caf::actor>(dialer), caf::actor_cast<caf::actor>(set)})
    caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  dialer = nullptr;
  set = nullptr;
  book = nullptr;
  for (auto& question : std::exchange(script->open, {})) // they keep the book alive
    question.deliver(candidates{});
  run();
}

void dialing_world::add_live(const endpoint& at) {
  sockets->add_scripted(at, [this, at](memory_remote_ptr end) {
    dialed.push_back(at);
    remotes.emplace_back(at, scripted_remote{std::move(end), context->network.magic});
  });
}

void dialing_world::pass(caf::timespan duration) {
  constexpr caf::timespan step = 50ms;
  for (; duration > caf::timespan::zero(); duration -= step) {
    scheduler().advance_time(std::min(duration, step));
    run();
    for (auto& [at, remote] : remotes)
      answer_pings(remote, remote.take());
    while (answered < remotes.size())
      shake_hands(remotes[answered++].second);
  }
}

dialer_options with_target(std::size_t target) {
  dialer_options result;
  result.limits.max_outbound = target;
  return result;
}

} // namespace peerage::test
