// SPDX-License-Identifier: MIT
#include "tests/interop/bcoin_fixture.hpp"

#include "actors/interfaces/peer.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "tests/support/scripted_service.hpp"

namespace peerage::test {

wire::hash256 to_hash(const json& text) {
  wire::hash256 result;
  REQUIRE(wire::parse_hash(text.get<std::string>(), result));
  return result;
}

std::vector<wire::hash256> to_hashes(const json& texts) {
  std::vector<wire::hash256> result;
  for (const auto& text : texts)
    result.push_back(to_hash(text));
  return result;
}

wire::tx to_transaction(const json& spend) {
  std::vector<std::byte> bytes;
  REQUIRE(wire::from_hex(spend["raw"].get<std::string>(), bytes));
  return {wire::slice::adopt(std::move(bytes))};
}

wire::hash256 unknown_hash(std::uint8_t fill) {
  wire::hash256 result;
  result.bytes.fill(fill);
  return result;
}

namespace {

std::unique_ptr<bcoin_node> shared_node;

} // namespace

bcoin_node& bcoin() {
  if (!shared_node) {
    shared_node = std::make_unique<bcoin_node>();
    shared_node->command({{"cmd", "mine"}, {"count", first_height}}, 60s);
  }
  return *shared_node;
}

void end_bcoin() {
  shared_node.reset();
}

json hashes_of(bcoin_node& node, std::size_t from, std::size_t to) {
  return node.command({{"cmd", "hashes"}, {"from", from}, {"to", to}})["hashes"];
}

std::size_t height_of(bcoin_node& node) {
  return node.command({{"cmd", "hashes"}, {"from", 0}})["hashes"].size() - 1;
}

void transaction_shelf::put(const wire::tx& x) {
  std::lock_guard guard{mutex_};
  by_txid_[x.txid()] = x;
}

void transaction_shelf::leave_unanswered() {
  std::lock_guard guard{mutex_};
  answers_ = false;
}

caf::result<wire::tx> transaction_shelf::answer(const serve_transaction& asked) {
  std::lock_guard guard{mutex_};
  if (!answers_)
    return caf::delegated<wire::tx>{};
  auto found = by_txid_.find(asked.id.hash);
  if (found != by_txid_.end())
    return found->second;
  return caf::make_error(request_error::not_found);
}

our_node::our_node() : sockets(make_asio_sockets(dial_reach::loopback)) {
  service_script script;
  script.on_any = [test = self.address()](const service_request& what) {
    if (auto listener = caf::actor_cast<caf::actor>(test))
      std::visit([&](const auto& x) { caf::anon_send(listener, x); }, what);
  };
  script.on_transaction = [shelf = shelf](const serve_transaction& x) {
    return shelf->answer(x);
  };
  context = std::make_shared<node_context>(wire::parameters(wire::network::regtest),
                                           std::nullopt);
  context->sockets = sockets;
  context->alarms = system.spawn(alarm_clock);
  context->identity.services = our_services;
  context->timing.request_timeout = soon;
  context->service = system.spawn(scripted_service, script);
}

our_node::~our_node() {
  self->send_exit(context->alarms, caf::exit_reason::user_shutdown);
  context.reset();
}

lone_peer::lone_peer(peer_direction direction, bcoin_node& remote,
                     caf::timespan ping_interval)
    : node(remote) {
  context->timing.ping_interval = ping_interval;
  auto test = caf::actor_cast<caf::strong_actor_ptr>(self);
  auto sink = caf::actor_cast<peer_sink>(test);
  auto bcoin_at = ipv4_endpoint(127, 0, 0, 1, node.port());
  if (direction == peer_direction::outbound) {
    dial(system, context, bcoin_at, sink);
  } else {
    std::string error;
    acceptor = sockets->listen(bcoin_at.with_port(0), context->network.magic, error);
    REQUIRE_MESSAGE(acceptor, error);
    acceptor->start(test, 0, 1);
    node.command(
      {{"cmd", "connect"}, {"host", "127.0.0.1"}, {"port", acceptor->local().port}});
    auto incoming = hear<accepted>();
    accept(system, context, std::move(incoming.connection), sink);
  }
  auto ready = hear<peer_ready>();
  info = std::move(ready.info);
  client = std::move(ready.client);
  port = acceptor ? acceptor->local().port : info.local.port;
  at_bcoin = node.wait_event("peer", [&](const json& x) { return x["port"] == port; });
}

lone_peer::~lone_peer() {
  try {
    // Else it dials the next test.
    node.command({{"cmd", "disconnect"}, {"host", "127.0.0.1"}, {"port", port}});
  } catch (const std::exception& why) {
    MESSAGE(why.what());
  }
}

json lone_peer::seen_by_bcoin() {
  auto all = node.command({{"cmd", "peers"}})["peers"];
  for (const auto& one : all)
    if (one["id"] == at_bcoin["id"])
      return one;
  FAIL("bcoin does not have us as a peer: ", all.dump());
  return {};
}

} // namespace peerage::test
