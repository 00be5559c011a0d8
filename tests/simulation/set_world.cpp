// SPDX-License-Identifier: MIT
#include "tests/simulation/set_world.hpp"

#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/node/inbound_dispatcher.hpp"

namespace peerage::test {

namespace {

peer_observer_actor::behavior_type observe(peer_observer_actor::pointer,
                                           std::shared_ptr<set_world::news> told) {
  return {
    [told](const peer_joined& x) { told->joined.push_back(x.info); },
    [told](const peer_left& x) { told->left.emplace_back(x.info, x.reason); },
  };
}

find_suspects_source::behavior_type suspect(find_suspects_source::pointer,
                                            std::shared_ptr<std::vector<endpoint>> whom) {
  return {[whom](const find_suspects&) { return suspects{*whom}; }};
}

} // namespace

set_world::set_world(std::uint64_t seed, connection_limits caps) : simulation(seed) {
  peer_set_options options;
  options.observers = {system.spawn(observe, told)};
  options.node_service = context->service;
  options.caps = caps;
  options.published = published;
  options.quiet = true;
  options.ban_manager = system.spawn(suspect, suspected);
  set = system.spawn(peer_set, context, std::move(options));
  context->dispatcher =
    system.spawn(inbound_dispatcher, context->service,
                 caf::actor_cast<inventory_sink>(set), address_book_actor{});
  run();
}

set_world::~set_world() {
  results->ready.clear();
  if (set)
    caf::anon_send_exit(set, caf::exit_reason::user_shutdown);
  set = nullptr;
  caf::anon_send_exit(context->dispatcher, caf::exit_reason::user_shutdown);
  context->dispatcher = nullptr;
  run();
}

set_world::peer set_world::join(const wire::version& theirs) {
  auto from = ipv4_endpoint(20, next_host_++, 0, 1, 8333);
  auto [ours, end] =
    sockets->open_pair(context->network.magic, from, ipv4_endpoint(10, 0, 0, 9, 18444));
  accept(system, context, std::move(ours), sink);
  run();
  scripted_remote remote{end, context->network.magic};
  shake_hands(remote, theirs);
  REQUIRE(!results->ready.empty());
  auto ready = results->ready.back();
  results->ready.pop_back();
  auto info = ready.info;
  caf::anon_send(set, join_set{std::move(ready), false});
  run();
  remote.take();
  return {info, std::move(remote)};
}

peer_set_snapshot set_world::counts() {
  auto answer = ask<peer_set_snapshot>(set, get_peer_set_snapshot{});
  run();
  REQUIRE(answer->value);
  return *answer->value;
}

} // namespace peerage::test
