// SPDX-License-Identifier: MIT
#include "tests/simulation/simulation.hpp"

#include "actors/interfaces/peer.hpp"

namespace peerage::test {

namespace {

peer_sink::behavior_type collect(peer_sink::pointer, std::shared_ptr<outcomes> results) {
  return {
    [results](const peer_ready& x) { results->ready.push_back(x); },
    [results](const peer_failed& x) { results->failed.push_back(x); },
  };
}

} // namespace

std::vector<wire::message> scripted_remote::take() {
  std::vector<wire::frame> frames;
  decoder_.feed(end_->take_received(), frames);
  CHECK(decoder_.error() == wire::frame_error::none);
  std::vector<wire::message> result;
  for (const auto& frame : frames) {
    CHECK(frame.checksum_ok());
    if (frame.type == wire::command::ping && frame.payload.empty()) {
      result.emplace_back(wire::opaque{frame.type, {}}); // of before BIP 31
      continue;
    }
    CHECK(wire::decode(frame.type, frame.payload, result.emplace_back()) ==
          wire::decode_result::ok);
  }
  return result;
}

std::string scripted_remote::take_commands() {
  std::string result;
  for (const auto& message : take()) {
    if (!result.empty())
      result += ' ';
    result += to_string(wire::command_of(message));
  }
  return result;
}

wire::version remote_version(std::uint64_t nonce) {
  wire::version result;
  result.protocol = 70016;
  result.services = wire::node_network | wire::node_witness | wire::node_bloom;
  result.time = 1'700'000'000;
  result.nonce = nonce;
  result.user_agent = "/remote:1.0/";
  result.start_height = 7;
  return result;
}

simulation::simulation(std::uint64_t seed) {
  context =
    std::make_shared<node_context>(wire::parameters(wire::network::regtest), seed);
  set_wall_clock(1'700'000'000);
  share_wall_clock(*context);
  sockets->set_clock(context->wall);
  context->sockets = sockets;
  context->alarms = system.spawn(alarm_clock);
  context->service = system.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
  sink = system.spawn(collect, results);
  run();
  base_actors_ = system.registry().running();
}

simulation::~simulation() {
  results->ready.clear();
  caf::anon_send_exit(context->alarms, caf::exit_reason::user_shutdown);
  run();
  context->alarms = nullptr;
  context->service = nullptr;
  sink = nullptr;
  run();
  // An actor that never ends is told, not waited for: CAF would, and let its timers ring
  // for ever.
  const auto never_ended = system.registry().running();
  if (never_ended > 0)
    static_cast<void>(actors_.release());
  CHECK(never_ended == 0);
}

void simulation::share_wall_clock(node_context& with) {
  auto& clock = scheduler().clock();
  with.wall.set_source([&clock, ahead = wall_ahead_] {
    return std::chrono::nanoseconds{clock.now().time_since_epoch()} + *ahead;
  });
}

void simulation::advance(caf::timespan duration, caf::timespan step) {
  run();
  for (; duration > caf::timespan::zero(); duration -= step) {
    scheduler().advance_time(std::min(duration, step));
    run();
  }
}

scripted_remote simulation::open_inbound() {
  auto from = ipv4_endpoint(10, 0, 0, 1, next_port_++);
  auto [ours, theirs] =
    sockets->open_pair(context->network.magic, from, ipv4_endpoint(10, 0, 0, 9, 18444));
  accept(system, context, std::move(ours), sink);
  run();
  return {theirs, context->network.magic};
}

scripted_remote simulation::open_outbound() {
  auto to = ipv4_endpoint(10, 0, 1, 1, next_port_++);
  memory_remote_ptr theirs;
  sockets->add_scripted(to, [&](memory_remote_ptr x) { theirs = std::move(x); });
  dial(system, context, to, sink);
  run();
  return {theirs, context->network.magic};
}

void simulation::shake_hands(scripted_remote& remote, const wire::version& theirs,
                             bool features) {
  remote.send(theirs);
  if (features) {
    remote.send(wire::wtxidrelay{});
    remote.send(wire::sendaddrv2{});
  }
  remote.send(wire::verack{});
  run();
}

scripted_remote simulation::ready_inbound() {
  auto remote = open_inbound();
  shake_hands(remote);
  REQUIRE(results->ready.size() >= 1);
  return remote;
}

scripted_remote simulation::ready_outbound() {
  auto remote = open_outbound();
  shake_hands(remote);
  REQUIRE(results->ready.size() >= 1);
  return remote;
}

client_actor simulation::take_client() {
  REQUIRE(!results->ready.empty());
  auto client = results->ready.back().client;
  results->ready.pop_back();
  return client;
}

peer_snapshot simulation::snapshot(const client_actor& client) {
  auto answer = ask<peer_snapshot>(client, get_peer_snapshot{});
  run();
  REQUIRE(answer->value);
  return *answer->value;
}

std::size_t simulation::peer_actors() {
  return system.registry().running() - base_actors_;
}

std::size_t simulation::pending_alarms() {
  auto* clock = caf::actor_cast<caf::abstract_actor*>(context->alarms);
  return dynamic_cast<alarm_clock_actor::stateful_base<alarm_clock_state>&>(*clock)
    .state.pending.size();
}

} // namespace peerage::test
