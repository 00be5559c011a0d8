// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/actor_system_config.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/node/peer_manager.hpp"
#include "actors/peer/peer.hpp"
#include "actors/transport/transport.hpp"
#include "tests/interop/bcoin_node.hpp"

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

/// The library against a real full node, bcoin, that runs as a child process: everything
/// that a peer offers, once when we dial it and once when it dials us. Here is what the
/// files of that test share.
namespace peerage::test {

/// The two ways to get a peer. `way` is ours.
struct we_dial {
  static constexpr peer_direction direction = peer_direction::outbound;
};
struct it_dials {
  static constexpr peer_direction direction = peer_direction::inbound;
};

} // namespace peerage::test

TYPE_TO_STRING(peerage::test::we_dial);
TYPE_TO_STRING(peerage::test::it_dials);

namespace peerage::test {

using namespace std::chrono_literals;
using nlohmann::json;

/// The services of our version message. Without the first bit bcoin hangs up after it has
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

// -- values ----------------------------------------------------------------------------

wire::hash256 to_hash(const json& text);
std::vector<wire::hash256> to_hashes(const json& texts);
wire::tx to_transaction(const json& spend);
wire::hash256 unknown_hash(std::uint8_t fill);

// -- bcoin -----------------------------------------------------------------------------

/// The bcoin that most tests share, started when it is first needed. No test may rely on
/// its height or its mempool.
bcoin_node& bcoin();

/// Ends it, if it runs.
void end_bcoin();

/// Its block hashes of these heights, both included, as bcoin shows them.
json hashes_of(bcoin_node& node, std::size_t from, std::size_t to);

std::size_t height_of(bcoin_node& node);

// -- our side --------------------------------------------------------------------------

/// The transactions that our node has for its peers. The test fills it, the node's
/// inbound service looks: thread-safe.
class transaction_shelf {
public:
  void put(const wire::tx& x);
  /// From now on questions for a transaction stay open.
  void leave_unanswered();
  caf::result<wire::tx> answer(const serve_transaction& asked);

private:
  std::mutex mutex_;
  bool answers_ = true;
  std::unordered_map<wire::hash256, wire::tx> by_txid_;
};

/// One node of ours: an actor system over real sockets, with the test as one of its
/// actors. It has nothing for its peers but what is on its shelf, and the test gets to
/// `hear` everything that they ask and tell.
struct our_node {
  our_node();
  /// Everything that holds or needs an actor goes before the system, which waits for all.
  ~our_node();

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

  std::shared_ptr<socket_provider> sockets;
  std::shared_ptr<transaction_shelf> shelf = std::make_shared<transaction_shelf>();
  actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  node_context_ptr context;
};

/// One peer without a manager: the test dials or accepts it, and holds its client.
struct lone_peer : our_node {
  explicit lone_peer(peer_direction direction, bcoin_node& remote = bcoin(),
                     caf::timespan ping_interval = 59s);
  ~lone_peer();

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
  json seen_by_bcoin();

  bcoin_node& node;
  acceptor_ptr acceptor;
  peer_info info;
  client_actor client;
  std::uint16_t port = 0; ///< Ours, as bcoin names it.
  json at_bcoin;          ///< Its event.
};

/// One test for each way; `Side::direction` says which.
#define BOTH_WAYS(name) TEST_CASE_TEMPLATE(name, Side, we_dial, it_dials)

} // namespace peerage::test
