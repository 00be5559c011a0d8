// SPDX-License-Identifier: MIT
#include "tests/support/whole_node.hpp"

#include "actors/chain/chain_service.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/node.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "messages/known_address.hpp"
#include "messages/wire/addresses.hpp"

#include <ctime>
#include <numeric>

namespace peerage::test {

namespace {

const auto& regtest = wire::parameters(wire::network::regtest);

wire::addrv2 answer_with(const std::vector<endpoint>& known) {
  wire::addrv2 result;
  const auto now = static_cast<std::uint32_t>(std::time(nullptr));
  for (const auto& x : known)
    result.entries.push_back(wire::to_network_address(
      {now, {wire::node_network | wire::node_witness, x.ip, x.port}}));
  return result;
}

} // namespace

// -- whole_node ------------------------------------------------------------------------

whole_node::whole_node(caf::actor_system& system,
                       std::shared_ptr<socket_provider> sockets,
                       peer_manager_options options)
    : system_(system), context_(std::make_shared<node_context>(regtest, std::nullopt)) {
  context_->sockets = std::move(sockets);
  context_->service =
    system_.spawn(chain_service, std::shared_ptr<const regtest_chain>{});
  manager_ = start_peer_manager(system_, context_, std::move(options));
}

void whole_node::tell_to_stop() {
  if (!manager_)
    return;
  caf::anon_send_exit(manager_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(context_->service, caf::exit_reason::user_shutdown);
  manager_ = nullptr;
  context_ = nullptr;
}

bool whole_node::stop() {
  end_watch watch{system_, manager_};
  tell_to_stop();
  return watch.wait().has_value();
}

bool whole_node::reaches(std::size_t ready) {
  return eventually(
    [&] {
      auto found = get<node_snapshot>(get_node_snapshot{}).peers;
      return found.ready == ready && found.outbound == ready;
    },
    in(fill_patience));
}

std::uint64_t whole_node::ended() {
  const auto exits = get<node_snapshot>(get_node_snapshot{}).peers.exits;
  return std::accumulate(exits.begin(), exits.end(), std::uint64_t{0});
}

std::vector<peer_snapshot> whole_node::peers() {
  return get<peer_snapshots>(get_peer_snapshots{}).entries;
}

std::vector<endpoint> whole_node::places() {
  std::vector<endpoint> result;
  for (const auto& x : peers())
    result.push_back(x.info.remote);
  return result;
}

std::map<endpoint, bool> whole_node::known() {
  const auto book = get<node_handles>(get_node_handles{}).book;
  std::map<endpoint, bool> result;
  for (const auto& x :
       ask<known_address_list>(book, get_known_addresses{0, wire::ipv4_network})
         .entries) {
    const auto& ip = x.address.bytes;
    result[ipv4_endpoint(ip[0], ip[1], ip[2], ip[3], x.address.port)] = x.tried;
  }
  return result;
}

// -- crowd -----------------------------------------------------------------------------

crowd::crowd(caf::actor_system& system, std::size_t living) {
  auto sockets = make_asio_sockets(dial_reach::loopback);
  for (std::size_t i = 0; i < living; ++i) {
    std::string error;
    const auto at = ipv4_endpoint(127, static_cast<std::uint8_t>(30 + i % 40),
                                  static_cast<std::uint8_t>(i), 1, 0);
    auto acceptor = sockets->listen(at, regtest.magic, error);
    if (!acceptor)
      throw std::runtime_error(error);
    const auto place = acceptor->local();
    peer_manager_options options;
    options.acceptors.push_back(std::move(acceptor));
    options.max_outbound = 0;
    options.quiet = true;
    nodes_.emplace(place, whole_node{system, sockets, std::move(options)});
  }
}

std::vector<endpoint> crowd::places() const {
  std::vector<endpoint> result;
  for (const auto& [place, node] : nodes_)
    result.push_back(place);
  return result;
}

std::vector<endpoint> dead_places(std::size_t count) {
  std::vector<endpoint> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(ipv4_endpoint(127, static_cast<std::uint8_t>(80 + i % 40),
                                   static_cast<std::uint8_t>(i), 1, 1));
  return result;
}

// -- well_informed_peer ----------------------------------------------------------------

well_informed_peer::well_informed_peer(const std::vector<endpoint>& known)
    : place_(listener_.local()), thread_([this, known] {
        try {
          play(known);
        } catch (const std::exception&) {
          // The test sees that there are no peers, and says so.
        }
      }) {}

void well_informed_peer::play(const std::vector<endpoint>& known) {
  auto socket = listener_.accept();
  socket.answer_handshake();
  while (auto message = socket.read_message(in(60s)))
    if (message->command == "getaddr")
      socket.send(answer_with(known));
}

} // namespace peerage::test
