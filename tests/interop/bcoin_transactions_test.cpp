// SPDX-License-Identifier: MIT
#include "tests/interop/bcoin_fixture.hpp"

#include <algorithm>
#include <set>

/// Transactions and the mempool.
namespace peerage::test {

namespace {

BOTH_WAYS("bcoin fetches the transactions that we announce") {
  lone_peer peer{Side::direction};
  for (bool witness : {false, true}) {
    CAPTURE(witness);
    auto spend = peer.node.command({{"cmd", "spend"}, {"witness", witness}});
    auto transaction = to_transaction(spend);
    CHECK(to_string(transaction.txid()) == spend["txid"]);
    CHECK(to_string(transaction.wtxid()) == spend["wtxid"]);
    peer.shelf->put(transaction);

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
  lone_peer peer{Side::direction};
  transaction_id id{unknown_hash(0x44), false};
  peer.get<void>(announce_transactions{{id}});
  peer.hear<serve_transaction>([&](const serve_transaction& x) { return x.id == id; });
  peer.check_alive(); // a notfound for what it had not asked for would end us
}

BOTH_WAYS("bcoin takes a transaction that we send") {
  // Announced first, for bcoin ends peers that send what it has not asked for (the next
  // test). Our service leaves its question open, so the one answer is the one we send.
  lone_peer peer{Side::direction};
  peer.shelf->leave_unanswered();
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
  lone_peer peer{Side::direction};
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
  lone_peer peer{Side::direction};
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
  lone_peer peer{Side::direction};
  auto found = peer.get<transaction_ids>(get_mempool{});
  std::set<std::string> listed;
  for (const auto& id : found.entries) {
    CHECK_FALSE(id.is_wtxid);
    listed.insert(to_string(id.hash));
  }
  auto pool = peer.node.command({{"cmd", "mempool"}})["txids"];
  CHECK(listed.size() >= 2);
  CHECK(listed == pool.get<std::set<std::string>>());

  // It does not list a transaction again, and sends nothing if there is nothing to list.
  CHECK(peer.failure_of<transaction_ids>(get_mempool{short_wait}) ==
        request_error::timeout);
  peer.check_alive();
}

} // namespace

} // namespace peerage::test
