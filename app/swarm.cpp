// SPDX-License-Identifier: MIT
#include "app/swarm.hpp"

#include "actors/chain/chain_service.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "messages/version.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/send.hpp>

namespace peerage {

namespace {

/// The preferred address of the swarm's node `index`: 127.1.0.1, 127.1.0.2, ...
endpoint place_of(std::size_t index, std::uint16_t port) {
  constexpr std::size_t per_subnet = 250;
  return ipv4_endpoint(127, 1, static_cast<std::uint8_t>(index / per_subnet),
                       static_cast<std::uint8_t>(1 + index % per_subnet), port);
}

} // namespace

struct swarm::node {
  node_context_ptr context;
  acceptor_ptr acceptor; ///< Until the manager has it.
  peer_manager_actor manager;
};

swarm::swarm() = default;
swarm::~swarm() = default;

std::unique_ptr<swarm> swarm::open(std::size_t count,
                                   std::shared_ptr<const regtest_chain> chain,
                                   std::optional<std::uint64_t> seed,
                                   std::string& error) {
  const auto& network = wire::parameters(wire::network::regtest);
  std::unique_ptr<swarm> result{new swarm};
  result->chain_ = std::move(chain);
  result->sockets_ = make_asio_sockets(dial_reach::loopback);
  for (std::size_t i = 0; i < count; ++i) {
    auto place = place_of(i, network.port);
    auto acceptor = result->sockets_->listen(place, network.magic, error);
    if (!acceptor)
      acceptor = result->sockets_->listen(place.with_port(0), network.magic, error);
    if (!acceptor)
      return nullptr;
    // Every node draws its own numbers, or they would all have the same nonces.
    auto own_seed = seed ? std::optional{*seed + 1 + i} : std::nullopt;
    auto context = std::make_shared<node_context>(network, own_seed);
    context->identity.user_agent =
      "/peerage-swarm:" + std::string(program_version()) + "/";
    context->identity.services = wire::node_network | wire::node_witness;
    context->identity.start_height = static_cast<std::int32_t>(result->chain_->height());
    context->sockets = result->sockets_;
    result->endpoints_.push_back(acceptor->local());
    result->nodes_.push_back({std::move(context), std::move(acceptor), {}});
  }
  return result;
}

void swarm::start(caf::actor_system& system, const std::function<void()>& on_end) {
  for (auto& x : nodes_) {
    x.context->service = system.spawn(chain_service, chain_);
    peer_manager_options options;
    options.acceptors.push_back(std::move(x.acceptor));
    options.max_outbound = 0;
    options.quiet = true;
    x.manager = start_peer_manager(system, x.context, std::move(options));
    caf::actor_cast<caf::abstract_actor*>(x.manager)->attach_functor(
      [on_end](const caf::error&) { on_end(); });
  }
}

void swarm::stop() {
  for (auto& x : nodes_) {
    caf::anon_send_exit(x.manager, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(x.context->service, caf::exit_reason::user_shutdown);
  }
}

} // namespace peerage
