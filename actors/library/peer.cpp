// SPDX-License-Identifier: MIT
#include "actors/library/peer.hpp"

#include "actors/peer/node_context.hpp"
#include "actors/peer/peer.hpp"
#include "actors/transport/asio_sockets.hpp"

#include <caf/send.hpp>

#include <stdexcept>

namespace peerage {

struct peer_dialer::parts {
  caf::actor_system& system;
  node_context_ptr context;
};

peer_dialer::peer_dialer(caf::actor_system& system, const peer_options& options) {
  const auto* network = wire::find_network(options.network);
  if (!network)
    throw std::invalid_argument("there is no network \"" + options.network + "\"");
  auto context = std::make_shared<node_context>(*network, std::nullopt);
  context->timing = options.timing;
  context->identity = options.identity;
  context->sockets = make_asio_sockets(options.reach.value_or(
    network->id == wire::network::regtest ? dial_reach::home : dial_reach::everywhere));
  context->alarms = system.spawn(alarm_clock);
  context->service = options.service ? options.service : spawn_service(system, {});
  parts_.reset(new parts{system, std::move(context)});
}

peer_dialer::~peer_dialer() {
  caf::anon_send_exit(parts_->context->alarms, caf::exit_reason::user_shutdown);
}

caf::actor peer_dialer::dial(const endpoint& to, const peer_sink& sink) {
  return peerage::dial(parts_->system, parts_->context, to, sink);
}

} // namespace peerage
