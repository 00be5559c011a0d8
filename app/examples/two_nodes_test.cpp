// SPDX-License-Identifier: MIT
// A test of somebody's node logic on virtual time: a mempool that is passed on. The logic
// is an inbound service; two nodes of it meet on a network in memory.
#include <peerage/testing.hpp>
#include <peerage/wire.hpp>

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <map>

using namespace peerage;
using namespace std::chrono_literals;

namespace {

/// What is tested: keeps the transactions that peers send, and gives them to whoever
/// asks.
class mempool {
public:
  inbound_service service() {
    inbound_service result;
    result.on_transaction_received = [this](const transaction_received& x) {
      return known_.emplace(x.body.txid(), x.body).second; // false: not new
    };
    result.on_transaction =
      [this](const serve_transaction& x) -> std::optional<wire::tx> {
      const auto found = known_.find(x.id.hash);
      return found == known_.end() ? std::nullopt : std::optional{found->second};
    };
    return result;
  }
  std::size_t size() const { return known_.size(); }

private:
  std::map<wire::hash256, wire::tx> known_;
};

wire::tx some_transaction() {
  const std::vector<std::byte> bytes(100, std::byte{7});
  return {wire::slice::copy_of(bytes)};
}

} // namespace

TEST_CASE("a transaction reaches the other node, and can be had from there") {
  mempool here, there;
  testing::network net{7}; // another seed, another order of what happens
  const auto server = net.add({.service = there.service()});
  const auto client =
    net.add({.connect = {net.place(server)}, .service = here.service()});
  REQUIRE(net.wait_for_peers(client, 1, 1min));

  send_transaction sent;
  sent.body = some_transaction();
  REQUIRE(net.request(client, sent));
  CHECK(net.run_until([&] { return there.size() == 1; }, 10s));

  get_transactions question;
  question.ids = {{sent.body.txid(), false}};
  const auto found = net.request(client, question);
  REQUIRE(found);
  CHECK(found->entries.at(0).body == sent.body);
}

TEST_CASE("a node that lost its power is found again, a day later") {
  testing::network net;
  const auto server = net.add();
  const auto client = net.add({.connect = {net.place(server)}});
  REQUIRE(net.wait_for_peers(client, 1, 1min));
  net.cut_power(server);
  net.run_for(24h);
  CHECK_FALSE(net.wait_for_peers(client, 1, 1s));
  net.start(server);
  CHECK(net.wait_for_peers(client, 1, 10min));
}
