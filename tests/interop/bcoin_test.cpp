#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "actors/chain/chain_service.hpp"
#include "actors/peer/peer.hpp"
#include "actors/peer_manager.hpp"
#include "actors/transport/asio_sockets.hpp"
#include "tests/interop/bcoin_node.hpp"

#include <caf/all.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

/// The library against a real full node, bcoin, that runs as a child process: everything
/// that a peer offers, once when we dial it and once when it dials us.

namespace peerage::test {

/// The two ways to get a peer. `way` is ours.
struct we_dial {
  static constexpr direction way = direction::outbound;
};
struct it_dials {
  static constexpr direction way = direction::inbound;
};

} // namespace peerage::test

TYPE_TO_STRING(peerage::test::we_dial);
TYPE_TO_STRING(peerage::test::it_dials);

namespace peerage::test {

/// RECORDER: serve this transaction from now on.
struct offer {
  wire::tx body;
};

/// RECORDER: from now on leave the question for a transaction unanswered.
struct leave_unanswered {};

} // namespace peerage::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::test::offer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peerage::test::leave_unanswered)

namespace peerage::test {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// What our version message claims. Without the first bit bcoin hangs up after it has
/// dialed us, without the second one as soon as segwit is active; BLOOM would make it ask
/// for our mempool.
constexpr std::uint64_t our_services = wire::node_network | wire::node_witness;
constexpr std::uint64_t bcoin_services =
  wire::node_network | wire::node_bloom | wire::node_witness;

/// The chain that bcoin mines for a start. Segwit is active from 432 on.
constexpr std::size_t first_height = 440;

/// For whatever should come at once; a loaded machine may take its time.
constexpr std::chrono::seconds soon{10};

/// For what never comes: each such request costs its test this long.
constexpr std::chrono::milliseconds short_wait{500};

// -- values
// --------------------------------------------------------------------------------

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

// -- bcoin
// ---------------------------------------------------------------------------------

std::unique_ptr<bcoin_node> shared_node; // ended by main

/// The bcoin that most tests share. No test may rely on its height or its mempool.
bcoin_node& bcoin() {
  if (!shared_node) {
    shared_node = std::make_unique<bcoin_node>();
    shared_node->command({{"cmd", "mine"}, {"count", first_height}}, 60s);
  }
  return *shared_node;
}

/// Its block hashes of these heights, both included, as bcoin shows them.
json hashes_of(bcoin_node& node, std::size_t from, std::size_t to) {
  return node.command({{"cmd", "hashes"}, {"from", from}, {"to", to}})["hashes"];
}

std::size_t height_of(bcoin_node& node) {
  return node.command({{"cmd", "hashes"}, {"from", 0}})["hashes"].size() - 1;
}

// -- our side
// ------------------------------------------------------------------------------

using recorder_actor =
  inbound_service_actor::extend<caf::reacts_to<offer>, caf::reacts_to<leave_unanswered>>;

struct recorder_state {
  recorder_state() = default;

  caf::actor_addr test;
  std::unordered_map<wire::hash256, wire::tx> offered; ///< By txid.
  bool answers = true;
  std::vector<caf::typed_response_promise<wire::tx>> unanswered;
  static inline const char* name = "recorder";
};

/// An inbound service that passes on everything it is asked and told to the test, and has
/// nothing but the transactions that the test offers.
recorder_actor::behavior_type
recorder(recorder_actor::stateful_pointer<recorder_state> self, caf::actor_addr test) {
  self->state.test = std::move(test);
  auto pass_on = [self](const auto& what) {
    if (auto listener = caf::actor_cast<caf::actor>(self->state.test))
      caf::anon_send(listener, what); // a typed actor may not `send` to an untyped one
  };
  return {
    [=](const serve_headers& x) {
      pass_on(x);
      return headers{};
    },
    [=](const serve_block_hashes& x) {
      pass_on(x);
      return block_hashes{};
    },
    [=](const serve_block& x) -> caf::result<wire::block> {
      pass_on(x);
      return caf::make_error(request_error::not_found);
    },
    [=](const serve_transaction& x) -> caf::result<wire::tx> {
      pass_on(x);
      if (!self->state.answers) {
        self->state.unanswered.push_back(self->make_response_promise<wire::tx>());
        return self->state.unanswered.back();
      }
      auto found = self->state.offered.find(x.id.hash);
      if (found != self->state.offered.end())
        return found->second;
      return caf::make_error(request_error::not_found);
    },
    [=](const serve_mempool& x) {
      pass_on(x);
      return transaction_ids{};
    },
    [=](const serve_addresses& x) {
      pass_on(x);
      return addresses{};
    },
    [=](const inventory_announced& x) { pass_on(x); },
    [=](const headers_announced& x) { pass_on(x); },
    [=](const addresses_announced& x) { pass_on(x); },
    [=](const transaction_received& x) { pass_on(x); },
    [=](const block_received& x) { pass_on(x); },
    [=](const offer& x) { self->state.offered[x.body.txid()] = x.body; },
    [=](leave_unanswered) { self->state.answers = false; },
  };
}

/// One node of ours: an actor system over real sockets, with the test as one of its
/// actors.
struct our_node {
  our_node() {
    context = std::make_shared<peer_context>(wire::parameters(wire::network::regtest),
                                             std::nullopt);
    context->sockets = sockets;
    context->alarms = system.spawn(alarm_clock);
    context->identity.services = our_services;
    context->timing.request_timeout = soon;
    service = system.spawn(recorder, self.address());
    context->service = service;
  }

  /// Everything that holds or needs an actor goes before the system, which waits for all.
  ~our_node() {
    // What it left unanswered holds it: a promise is a strong reference.
    self->send_exit(service, caf::exit_reason::user_shutdown);
    self->send_exit(context->alarms, caf::exit_reason::user_shutdown);
    context.reset();
  }

  /// Asks and waits; the caller's patience ends after the request's own.
  template <class Reply, class Handle, class Request>
  caf::expected<Reply> ask(const Handle& whom, Request what) {
    caf::expected<Reply> result{caf::make_error(caf::sec::request_timeout)};
    auto failed = [&](caf::error& why) { result = std::move(why); };
    auto response = self->request(whom, 3 * soon, std::move(what));
    if constexpr (std::is_void_v<Reply>)
      response.receive([&] { result = caf::unit; }, failed);
    else
      response.receive([&](Reply& x) { result = std::move(x); }, failed);
    return result;
  }

  /// The same for what must not fail.
  template <class Reply, class Handle, class Request>
  Reply get(const Handle& whom, Request what) {
    auto result = ask<Reply>(whom, std::move(what));
    auto failure = result ? std::string{} : system.render(result.error());
    INFO("the request failed: ", failure);
    REQUIRE(result);
    if constexpr (!std::is_void_v<Reply>)
      return std::move(*result);
  }

  /// How a request fails that must fail.
  template <class Reply, class Handle, class Request>
  request_error failure_of(const Handle& whom, Request what) {
    auto result = ask<Reply>(whom, std::move(what));
    REQUIRE_FALSE(result);
    return outcome_of(result.error());
  }

  /// The next message of that type that fits. Others of that type are dropped, older ones
  /// of other types stay for later calls.
  template <class What>
  What hear(const std::function<bool(const What&)>& fits = {}) {
    std::optional<What> found;
    bool late = false;
    auto deadline = std::chrono::steady_clock::now() + soon;
    while (!found && !late)
      self->receive(
        [&](const What& x) {
          if (!fits || fits(x))
            found = x;
        },
        caf::after(caf::timespan{deadline - std::chrono::steady_clock::now()}) >>
          [&] { late = true; });
    REQUIRE_MESSAGE(found, "the expected message did not come");
    return std::move(*found);
  }

  std::shared_ptr<socket_provider> sockets = make_asio_sockets(1);
  node_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  peer_context_ptr context;
  recorder_actor service;
};

/// One peer without a manager: the test dials or accepts it, and holds its client.
struct lone_peer : our_node {
  explicit lone_peer(direction way, bcoin_node& remote = bcoin(),
                     caf::timespan ping_interval = 59s)
      : node(remote) {
    context->timing.ping_interval = ping_interval;
    auto test = caf::actor_cast<caf::strong_actor_ptr>(self);
    auto sink = caf::actor_cast<peer_sink_actor>(test);
    auto bcoin_at = ipv4_endpoint(127, 0, 0, 1, node.port());
    if (way == direction::outbound) {
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

  ~lone_peer() {
    try {
      // Else it dials the next test.
      node.command({{"cmd", "disconnect"}, {"host", "127.0.0.1"}, {"port", port}});
    } catch (const std::exception& why) {
      MESSAGE(why.what());
    }
  }

  using our_node::failure_of;
  using our_node::get;

  template <class Reply, class Request>
  Reply get(Request what) {
    return get<Reply>(client, std::move(what));
  }

  template <class Reply, class Request>
  request_error failure_of(Request what) {
    return failure_of<Reply>(client, std::move(what));
  }

  /// The answer also says that all before it has been handled, by either side.
  void check_alive() { CHECK(get<latency>(measure_latency{}).round_trip > 0s); }

  /// bcoin's own view of us.
  json seen_by_bcoin() {
    auto all = node.command({{"cmd", "peers"}})["peers"];
    for (const auto& one : all)
      if (one["id"] == at_bcoin["id"])
        return one;
    FAIL("bcoin does not have us as a peer: ", all.dump());
    return {};
  }

  bcoin_node& node;
  acceptor_ptr acceptor;
  peer_info info;
  client_actor client;
  std::uint16_t port = 0; ///< Ours, as bcoin names it.
  json at_bcoin;          ///< Its event.
};

#define BOTH_WAYS(name) TEST_CASE_TEMPLATE(name, Side, we_dial, it_dials)

// -- handshake, ping, end
// ------------------------------------------------------------------

BOTH_WAYS("a handshake tells both sides who the other is") {
  lone_peer peer{Side::way};
  const auto& info = peer.info;
  CHECK(info.way == Side::way);
  CHECK(info.remote.is_loopback());
  CHECK(info.remote_protocol == 70015);
  CHECK(info.protocol == 70015);
  CHECK(info.services == bcoin_services);
  CHECK(info.user_agent == "/bcoin:v1.0.2/");
  CHECK(info.start_height == height_of(bcoin()));
  CHECK(info.relay);
  CHECK_FALSE(info.wtxidrelay);
  CHECK_FALSE(info.addrv2);
  CHECK(info.handshake > 0s);
  CHECK(info.time_offset >= -2);
  CHECK(info.time_offset <= 2);

  auto seen = peer.seen_by_bcoin();
  CHECK(seen["outbound"] == (Side::way == direction::inbound));
  CHECK(seen["handshake"] == true);
  CHECK(seen["version"] == wire::limits::protocol_version);
  CHECK(seen["services"] == our_services);
  CHECK(seen["agent"] == peer.context->identity.user_agent);
  CHECK(seen["ban_score"] == 0);
}

BOTH_WAYS("nothing that a real node says is odd to us") {
  lone_peer peer{Side::way};
  peer.check_alive();
  auto snapshot = peer.get<peer_snapshot>(get_peer_snapshot{});
  const auto& ignored = snapshot.traffic.ignored;
  // It asks everybody for addresses; whom we dialed gets none, as Core has it.
  auto getaddr = ignored[static_cast<std::size_t>(ignored::repeated_getaddr)];
  CHECK(getaddr == (Side::way == direction::outbound ? 1 : 0));
  CHECK(std::accumulate(ignored.begin(), ignored.end(), std::uint64_t{0}) == getaddr);
}

BOTH_WAYS("latency is measured") {
  lone_peer peer{Side::way};
  auto round_trip = peer.get<latency>(measure_latency{}).round_trip;
  CHECK(round_trip > 0s);
  CHECK(round_trip < 1s);
}

BOTH_WAYS("dropping the client ends the peer at bcoin") {
  lone_peer peer{Side::way};
  peer.client = nullptr;
  auto closed = peer.node.wait_event(
    "peer_closed", [&](const json& x) { return x["id"] == peer.at_bcoin["id"]; });
  CHECK(closed["handshake"] == true);
}

BOTH_WAYS("a peer stays connected over ten ping intervals") {
  // bcoin pings as well, which the shared one does too seldom to be seen.
  bcoin_node pinging{{"--ping-interval", "0.2"}};
  constexpr auto interval = 200ms;
  lone_peer peer{Side::way, pinging, interval};
  peer.self->monitor(peer.client);
  std::optional<peer_exit> ended;
  peer.self->receive([&](const caf::down_msg& x) { ended = exit_of(x.reason); },
                     caf::after(10 * interval + interval / 2) >> [] {});
  auto ended_with = ended ? to_string(*ended) : "";
  INFO("the peer ended: ", ended_with);
  REQUIRE_FALSE(ended);

  auto snapshot = peer.get<peer_snapshot>(get_peer_snapshot{});
  CHECK(snapshot.info.id == peer.info.id);
  CHECK(snapshot.last_ping > 0s);
  CHECK(snapshot.last_ping < 1s);
  // Each side sent about ten pings and ten pongs. bcoin's timer may have missed one.
  CHECK(snapshot.traffic.messages_sent >= 19);
  CHECK(snapshot.traffic.messages_received >= 19);
  CHECK(snapshot.traffic.ignored[static_cast<std::size_t>(ignored::odd_pong)] == 0);

  auto seen = peer.seen_by_bcoin(); // by the id of its first event
  REQUIRE(seen["last_pong"].is_number());
  CHECK(seen["last_pong"].get<double>() > snapshot.connected_since + 1.5);
  CHECK(pinging.command({{"cmd", "peers"}})["peers"].size() == 1);
}

// -- headers and blocks
// --------------------------------------------------------------------

BOTH_WAYS("200 headers connect from genesis") {
  lone_peer peer{Side::way};
  auto expected = hashes_of(peer.node, 0, 200);
  const auto& genesis = peer.context->network.genesis;
  CHECK(to_string(genesis) == expected[0]);

  auto found =
    peer.get<headers>(get_headers{{genesis}, to_hash(expected[200]), {}}).entries;
  REQUIRE(found.size() == 200);
  auto previous = genesis;
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].previous == previous);
    previous = found[i].hash();
    CHECK(to_string(previous) == expected[i + 1]);
  }

  // Without a stop hash all there are, and from the middle only what follows.
  auto height = height_of(peer.node);
  auto all = peer.get<headers>(get_headers{{genesis}, {}, {}}).entries;
  CHECK(all.size() == height);
  auto rest =
    peer.get<headers>(get_headers{{to_hash(expected[150]), genesis}, {}, {}}).entries;
  REQUIRE(rest.size() == height - 150);
  CHECK(to_string(rest.front().hash()) == expected[151]);
}

BOTH_WAYS("200 block hashes") {
  lone_peer peer{Side::way};
  auto expected = hashes_of(peer.node, 1, 200);
  // bcoin ends with the stop hash; others end before it.
  auto found = peer
                 .get<block_hashes>(get_block_hashes{
                   {peer.context->network.genesis}, to_hash(expected.back()), {}})
                 .entries;
  REQUIRE(found.size() == 200);
  for (std::size_t i = 0; i < found.size(); ++i)
    CHECK(to_string(found[i]) == expected[i]);
}

BOTH_WAYS("200 blocks have the right hashes, links and contents") {
  lone_peer peer{Side::way};
  auto expected = hashes_of(peer.node, 0, 200);
  auto wanted = to_hashes(expected);
  wanted.erase(wanted.begin());
  auto found = peer.get<blocks>(get_blocks{wanted, {}}).entries;
  REQUIRE(found.size() == 200);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto& block = found[i];
    REQUIRE(block.available);
    CHECK(block.hash == wanted[i]);
    CHECK(to_string(block.body.hash()) == expected[i + 1]);
    CHECK(to_string(block.body.header().previous) == expected[i]);
    // Nothing but a coinbase: a count of 1, the transaction, whose id is the merkle root.
    auto bytes = block.body.bytes;
    REQUIRE(bytes.size() > 81);
    CHECK(bytes.data()[80] == std::byte{1});
    wire::tx coinbase{bytes.sub(81, bytes.size() - 81)};
    CHECK(coinbase.txid() == block.body.header().merkle_root);
  }
  for (std::size_t height : {1, 2, 77, 200}) {
    auto raw = peer.node.command({{"cmd", "block"}, {"height", height}})["raw"];
    CHECK(wire::to_hex(found[height - 1].body.bytes.view()) == raw);
  }
}

BOTH_WAYS("a block with witnesses comes with them") {
  lone_peer peer{Side::way};
  auto raw = peer.node.command({{"cmd", "block"}, {"height", first_height}});
  auto found = peer.get<blocks>(get_blocks{{to_hash(raw["hash"])}, {}}).entries;
  REQUIRE(found.size() == 1);
  CHECK(wire::to_hex(found[0].body.bytes.view()) == raw["raw"]);
  const auto& bytes = found[0].body.bytes;
  wire::tx coinbase{bytes.sub(81, bytes.size() - 81)};
  CHECK(coinbase.wtxid() != coinbase.txid());
  CHECK(coinbase.txid() == found[0].body.header().merkle_root);
}

BOTH_WAYS("a missing block is told from those that are there") {
  lone_peer peer{Side::way};
  auto known = to_hashes(hashes_of(peer.node, 10, 12));
  auto found =
    peer.get<blocks>(get_blocks{{known[0], unknown_hash(0x11), known[1], known[2]}, {}})
      .entries;
  REQUIRE(found.size() == 4);
  CHECK(found[0].available);
  CHECK_FALSE(found[1].available);
  CHECK(found[1].hash == unknown_hash(0x11));
  CHECK(found[1].body.bytes.empty());
  CHECK(found[2].available);
  CHECK(found[3].available);
  CHECK(found[3].body.hash() == known[2]);

  CHECK(peer.failure_of<blocks>(get_blocks{{unknown_hash(0x22), unknown_hash(0x33)},
                                           {}}) == request_error::not_found);
  peer.check_alive();
}

BOTH_WAYS("at the tip there is nothing more, and that is known at once") {
  // bcoin answers with silence; the ping behind the request ends the wait.
  lone_peer peer{Side::way};
  auto tip = to_hash(hashes_of(peer.node, height_of(peer.node), height_of(peer.node))[0]);
  auto start = std::chrono::steady_clock::now();
  auto newer = peer.get<headers>(get_headers{{tip}, {}, {}}).entries;
  auto newer_hashes = peer.get<block_hashes>(get_block_hashes{{tip}, {}, {}}).entries;
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK(newer.empty());
  CHECK(newer_hashes.empty());
}

BOTH_WAYS("a freshly mined block is announced") {
  lone_peer peer{Side::way};
  auto tip = peer.node.command({{"cmd", "mine"}})["tip"];
  wire::inventory_entry expected{wire::inv_block, to_hash(tip)};
  auto heard = peer.hear<inventory_announced>([&](const inventory_announced& x) {
    return std::ranges::find(x.entries, expected) != x.entries.end();
  });
  CHECK(heard.peer == peer.info.id);
  auto found = peer.get<blocks>(get_blocks{{expected.hash}, {}}).entries;
  REQUIRE(found.size() == 1);
  CHECK(to_string(found[0].body.hash()) == tip);
}

// -- transactions
// --------------------------------------------------------------------------

BOTH_WAYS("bcoin fetches the transactions that we announce") {
  lone_peer peer{Side::way};
  for (bool witness : {false, true}) {
    CAPTURE(witness);
    auto spend = peer.node.command({{"cmd", "spend"}, {"witness", witness}});
    auto transaction = to_transaction(spend);
    CHECK(to_string(transaction.txid()) == spend["txid"]);
    CHECK(to_string(transaction.wtxid()) == spend["wtxid"]);
    peer.get<void>(peer.service, offer{transaction});

    transaction_id id{transaction.txid(), false};
    peer.get<void>(announce_transactions{{id}});
    auto asked = peer.hear<serve_transaction>(
      [&](const serve_transaction& x) { return x.id == id; });
    CHECK(asked.peer == peer.info.id);
    CHECK(asked.witness); // our services say that we have them
    peer.node.wait_event("tx", [&](const json& x) { return x["txid"] == spend["txid"]; });
    auto pool = peer.node.command({{"cmd", "mempool"}})["txids"];
    CHECK(std::ranges::find(pool, spend["txid"]) != pool.end());
  }
  peer.check_alive();
}

BOTH_WAYS("a transaction that we announced and do not have is denied politely") {
  lone_peer peer{Side::way};
  transaction_id id{unknown_hash(0x44), false};
  peer.get<void>(announce_transactions{{id}});
  peer.hear<serve_transaction>([&](const serve_transaction& x) { return x.id == id; });
  peer.check_alive(); // a notfound for what it had not asked for would end us
}

BOTH_WAYS("bcoin takes a transaction that we send") {
  // Announced first, for bcoin ends peers that send what it has not asked for (the next
  // test). Our service leaves its question open, so the one answer is the one we send.
  lone_peer peer{Side::way};
  peer.get<void>(peer.service, leave_unanswered{});
  auto spend = peer.node.command({{"cmd", "spend"}, {"witness", true}});
  auto transaction = to_transaction(spend);
  transaction_id id{transaction.txid(), false};
  peer.get<void>(announce_transactions{{id}});
  peer.hear<serve_transaction>([&](const serve_transaction& x) { return x.id == id; });
  peer.get<void>(send_transaction{transaction});
  peer.node.wait_event("tx", [&](const json& x) { return x["txid"] == spend["txid"]; });
  peer.check_alive();
}

BOTH_WAYS("bcoin hangs up when we send a transaction unasked, and we see it") {
  lone_peer peer{Side::way};
  peer.self->monitor(peer.client);
  auto spend = peer.node.command({{"cmd", "spend"}});
  peer.get<void>(send_transaction{to_transaction(spend)});
  auto down = peer.hear<caf::down_msg>(
    [&](const caf::down_msg& x) { return x.source == peer.client.address(); });
  auto reason = exit_of(down.reason);
  CAPTURE(to_string(reason));
  CHECK((reason == peer_exit::remote_closed || reason == peer_exit::socket_error));
  CHECK(peer.failure_of<latency>(measure_latency{}) == request_error::peer_gone);
}

BOTH_WAYS("transactions that bcoin announces can be fetched") {
  lone_peer peer{Side::way};
  for (bool witness : {false, true}) {
    CAPTURE(witness);
    auto sent = peer.node.command({{"cmd", "announce_tx"}, {"witness", witness}});
    auto txid = to_hash(sent["txid"]);
    wire::inventory_entry expected{wire::inv_tx, txid};
    peer.hear<inventory_announced>([&](const inventory_announced& x) {
      return std::ranges::find(x.entries, expected) != x.entries.end();
    });
    auto found = peer
                   .get<transactions>(
                     get_transactions{{{txid, false}, {unknown_hash(0x55), false}}, {}})
                   .entries;
    REQUIRE(found.size() == 2);
    REQUIRE(found[0].available);
    CHECK(wire::to_hex(found[0].body.bytes.view()) == sent["raw"]);
    CHECK(to_string(found[0].body.txid()) == sent["txid"]);
    CHECK(to_string(found[0].body.wtxid()) == sent["wtxid"]);
    CHECK_FALSE(found[1].available);
  }
  CHECK(peer.failure_of<transactions>(get_transactions{{{unknown_hash(0x66), false}},
                                                       {}}) == request_error::not_found);
  // It knows nothing of wtxids (BIP 339) and says so.
  CHECK(peer.failure_of<transactions>(get_transactions{{{unknown_hash(0x77), true}},
                                                       {}}) == request_error::not_found);
  peer.check_alive();
}

BOTH_WAYS("the mempool is listed") {
  // Before it knows us, or it would not list what it has announced to us.
  bcoin().command({{"cmd", "announce_tx"}, {"witness", false}});
  bcoin().command({{"cmd", "announce_tx"}, {"witness", true}});
  lone_peer peer{Side::way};
  auto found = peer.get<transaction_ids>(get_mempool{});
  std::set<std::string> listed;
  for (const auto& id : found.entries) {
    CHECK_FALSE(id.is_wtxid);
    listed.insert(to_string(id.hash));
  }
  auto pool = peer.node.command({{"cmd", "mempool"}})["txids"];
  CHECK(listed.size() >= 2);
  CHECK(listed == pool.get<std::set<std::string>>());

  // What it has listed it does not list again, and having nothing to say it says nothing.
  CHECK(peer.failure_of<transaction_ids>(get_mempool{short_wait}) ==
        request_error::timeout);
  peer.check_alive();
}

BOTH_WAYS("an empty address book is answered with silence") {
  lone_peer peer{Side::way};
  CHECK(peer.failure_of<addresses>(get_addresses{short_wait}) == request_error::timeout);
  peer.check_alive();
  if constexpr (Side::way == direction::inbound) // it asks us, too
    peer.hear<serve_addresses>(
      [&](const serve_addresses& x) { return x.peer == peer.info.id; });
}

// -- a whole chain from us
// -----------------------------------------------------------------

TEST_CASE("bcoin downloads our chain") {
  bcoin_node empty;
  auto chain = regtest_chain::generate(200, 1);
  auto tip = to_string(chain->hash_at(200));
  our_node ours;
  auto server = ours.system.spawn(chain_service, chain);
  ours.context->service = server;
  {
    // The chain service is no recorder, but all else is as in the other tests.
    std::string error;
    auto test = caf::actor_cast<caf::strong_actor_ptr>(ours.self);
    auto acceptor = ours.sockets->listen(ipv4_endpoint(127, 0, 0, 1, 0),
                                         ours.context->network.magic, error);
    REQUIRE_MESSAGE(acceptor, error);
    acceptor->start(test, 0, 1);
    empty.command(
      {{"cmd", "connect"}, {"host", "127.0.0.1"}, {"port", acceptor->local().port}});
    auto incoming = ours.hear<accepted>();
    ours.context->identity.start_height = 200;
    accept(ours.system, ours.context, std::move(incoming.connection),
           caf::actor_cast<peer_sink_actor>(test));
    auto ready = ours.hear<peer_ready>();
    empty.wait_event("block", [&](const json& x) { return x["hash"] == tip; });
  }
  CHECK(hashes_of(empty, 200, 200)[0] == tip);
}

// -- a manager, and bcoin killed
// -----------------------------------------------------------

/// A node of ours with a peer manager. We dial: bcoin is pinned. It dials: there is a
/// single inbound slot, and bcoin is told where.
struct managed_node : our_node {
  managed_node(direction way, bcoin_node& remote) : node(remote) {
    peer_manager_options options;
    options.max_inbound = 1;
    auto bcoin_at = ipv4_endpoint(127, 0, 0, 1, node.port());
    if (way == direction::outbound) {
      options.pinned.push_back(bcoin_at);
    } else {
      std::string error;
      auto acceptor =
        sockets->listen(bcoin_at.with_port(0), context->network.magic, error);
      REQUIRE_MESSAGE(acceptor, error);
      port = acceptor->local().port;
      options.acceptors.push_back(std::move(acceptor));
    }
    manager = start_peer_manager(system, context, std::move(options));
    peers = get<peer_set_actor>(manager, caf::get_atom_v);
  }

  ~managed_node() {
    self->monitor(manager);
    self->send_exit(manager, caf::exit_reason::user_shutdown);
    bool ended = false;
    self->receive([&](const caf::down_msg&) { ended = true; },
                  caf::after(stop_deadline + 1s) >> [] {});
    CHECK_MESSAGE(ended, "the peer manager did not stop in time");
  }

  void tell_bcoin_to_dial() {
    if (port != 0)
      node.command({{"cmd", "connect"}, {"host", "127.0.0.1"}, {"port", port}});
  }

  /// Waits until the set is as described. It tells only its own observers of changes, so
  /// a test can but ask again; between two questions it listens for nothing.
  peer_set_snapshot await(const std::function<bool(const peer_set_snapshot&)>& fits) {
    auto deadline = std::chrono::steady_clock::now() + soon;
    for (;;) {
      auto snapshot = get<peer_set_snapshot>(peers, get_peer_set_snapshot{});
      CHECK(snapshot.total == snapshot.ready + snapshot.unready);
      if (fits(snapshot) || std::chrono::steady_clock::now() > deadline) {
        CHECK(fits(snapshot));
        return snapshot;
      }
      self->receive([](const caf::timeout_msg&) {}, caf::after(20ms) >> [] {});
    }
  }

  /// Waits for the one peer that the set then has.
  peer_snapshot await_peer() {
    await([](const peer_set_snapshot& x) { return x.total == 1 && x.ready == 1; });
    auto all = get<peer_snapshots>(manager, get_peer_snapshots{}).entries;
    REQUIRE(all.size() == 1);
    return all.front();
  }

  client_actor client_of(peer_id id) {
    std::optional<client_actor> result;
    self->request(peers, soon, caf::get_atom_v, id)
      .receive([&](client_actor& x) { result = std::move(x); }, [](caf::error&) {});
    REQUIRE(result);
    return *result;
  }

  bcoin_node& node;
  std::uint16_t port = 0; ///< Where we accept; 0 if we dial.
  peer_manager_actor manager;
  peer_set_actor peers;
};

BOTH_WAYS("bcoin is killed, noticed, and connected again when it is back") {
  bcoin_node mortal;
  managed_node ours{Side::way, mortal};
  ours.tell_bcoin_to_dial();
  auto before = ours.await_peer();
  CHECK(before.info.way == Side::way);
  CHECK(before.info.user_agent == "/bcoin:v1.0.2/");

  // Its address book is empty, so this request stays open.
  auto client = ours.client_of(before.info.id);
  auto open = ours.self->request(client, 3 * soon, get_addresses{2 * soon});
  CHECK(ours.get<peer_snapshot>(client, get_peer_snapshot{}).requests_in_flight == 1);
  mortal.kill();
  int answers = 0;
  caf::error failure;
  open.receive([&](const addresses&) { ++answers; },
               [&](caf::error& why) {
                 ++answers;
                 failure = std::move(why);
               });
  CHECK(answers == 1);
  CHECK(outcome_of(failure) == request_error::peer_gone);
  auto reason = exit_of_request(failure);
  CAPTURE(to_string(reason));
  CHECK((reason == peer_exit::remote_closed || reason == peer_exit::socket_error));

  auto after = ours.await([](const peer_set_snapshot& x) { return x.total == 0; });
  CHECK(after.exits[static_cast<std::size_t>(reason)] == 1);
  CHECK(std::accumulate(after.exits.begin(), after.exits.end(), std::uint64_t{0}) == 1);
  CHECK(ours.failure_of<latency>(client, measure_latency{}) == request_error::peer_gone);

  mortal.start();
  ours.tell_bcoin_to_dial();
  mortal.wait_event("peer"); // the dialer tries again on its own
  auto again = ours.await_peer();
  CHECK(again.info.id > before.info.id);
  CHECK(again.info.way == Side::way);

  // It is as good as the first one.
  auto tip = mortal.command({{"cmd", "mine"}, {"count", 5}})["tip"];
  auto found = ours
                 .get<headers>(ours.client_of(again.info.id),
                               get_headers{{ours.context->network.genesis}, {}, {}})
                 .entries;
  REQUIRE(found.size() == 5);
  CHECK(to_string(found.back().hash()) == tip);
}

} // namespace

} // namespace peerage::test

int main(int argc, char** argv) {
  // Peers that come and go are of interest only with a failure; PEERAGE_LOG=info shows
  // them.
  spdlog::set_default_logger(spdlog::stderr_color_mt("bcoin_test"));
  const char* level = std::getenv("PEERAGE_LOG");
  spdlog::set_level(level ? spdlog::level::from_str(level) : spdlog::level::warn);
  doctest::Context context{argc, argv};
  int result = context.run();
  peerage::test::shared_node.reset();
  return result;
}
