// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "actors/chain/chain_service.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/node.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/test_node.hpp"

#include <cstring>
#include <map>

/// Anything that a stranger sends is ignored and counted, or ends that one peer with the
/// reason (conduct table of actors/README.md); no other peer notices (invariants I10 and
/// I11).
using namespace peerage;
using namespace peerage::test;

namespace {

constexpr std::uint32_t regtest_magic = 0xdab5bffa;
constexpr auto directions = {peer_direction::inbound, peer_direction::outbound};

/// A node with a manager, and an innocent peer that must not notice anything.
class scene {
public:
  scene() : node_(options()), innocent_(raw_peer::connect(node_.listens_at())) {
    innocent_.shake_hands();
    REQUIRE(eventually([&] { return node_.snapshot().peers.total == 1; }));
  }

  test_node& node() { return node_; }

  /// A connection of either way, as the node sees it, on which the remote has said
  /// nothing.
  raw_peer stranger(peer_direction direction = peer_direction::inbound) {
    if (direction == peer_direction::inbound)
      return raw_peer::connect(node_.listens_at());
    raw_listener listener;
    auto dialer = node_.get<node_handles>(node_.manager(), get_node_handles{}).dialer;
    REQUIRE(node_.get<bool>(dialer, dial_once{listener.local()}));
    return listener.accept();
  }
  raw_peer peer(peer_direction direction = peer_direction::inbound) {
    auto result = stranger(direction);
    if (direction == peer_direction::inbound)
      result.shake_hands();
    else
      result.answer_handshake();
    result.round_trip();
    return result;
  }

  /// Ends counted so far: of peers, and of connections that became none.
  std::uint64_t exits(peer_exit reason) {
    return node_.snapshot().peers.exits[static_cast<std::size_t>(reason)];
  }
  std::uint64_t failures(peer_exit reason) {
    return node_.snapshot().failures[static_cast<std::size_t>(reason)];
  }

  /// `act` must end this peer, for this reason and no other, and nothing else.
  template <class Act>
  void must_end(raw_peer remote, bool established, peer_exit reason, Act act) {
    auto counted = [=](const node_snapshot& x) {
      const auto i = static_cast<std::size_t>(reason);
      return established ? x.peers.exits[i] : x.failures[i];
    };
    auto before = node_.snapshot();
    act(remote);
    CHECK(remote.read_end() != stream_end::open);
    // A peer can have come and gone before the set has heard of it.
    CHECK(eventually([&] { return counted(node_.snapshot()) > counted(before); }));
    CHECK(eventually([&] { return node_.snapshot().peers.total == 1; }));
    CHECK(eventually([&] { return node_.snapshot().handshakes_in_flight == 0; }));
    auto after = node_.snapshot();
    for (std::size_t i = 1; i <= peer_exit_count; ++i) {
      CAPTURE(std::string(to_string(static_cast<peer_exit>(i))));
      const bool this_one = i == static_cast<std::size_t>(reason);
      CHECK(after.peers.exits[i] - before.peers.exits[i] ==
            (this_one && established ? 1 : 0));
      CHECK(after.failures[i] - before.failures[i] == (this_one && !established ? 1 : 0));
    }
    remote.close();
    must_be_undisturbed();
  }

  /// The ignored messages of this peer must be exactly these.
  void must_have_ignored(const raw_peer& remote,
                         const std::map<ignored, std::uint64_t>& expected) {
    auto snapshot = node_.find(remote);
    REQUIRE(snapshot);
    for (std::size_t i = 0; i < ignored_count; ++i) {
      auto what = static_cast<ignored>(i);
      CAPTURE(std::string(to_string(what)));
      auto found = expected.find(what);
      CHECK(snapshot->traffic.ignored[i] ==
            (found == expected.end() ? 0 : found->second));
    }
    must_be_undisturbed();
  }

  void must_be_undisturbed() {
    innocent_.round_trip();
    CHECK(node_.find(innocent_));
  }

private:
  static test_node_options options() {
    test_node_options result;
    result.managed = true;
    result.max_inbound = 1'000;
    result.adjust = [](node_context& context) {
      context.timing.ping_interval = 600s;
      context.timing.ping_timeout = 300s;
    };
    result.service = [](caf::actor_system& system) {
      return system.spawn(chain_service, regtest_chain::generate(5, 1));
    };
    return result;
  }

  test_node node_;
  raw_peer innocent_;
};

byte_vector text(std::string_view x) {
  auto bytes = std::as_bytes(std::span(x));
  return {bytes.begin(), bytes.end()};
}

byte_vector garbage(std::size_t size) {
  byte_vector result;
  std::uint64_t state = 0x2545f4914f6cdd1d;
  for (std::size_t i = 0; i < size; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    result.push_back(static_cast<std::byte>(state));
  }
  return result;
}

/// A count as the wire has it, with nothing behind it.
byte_vector count_of(std::uint64_t n) {
  byte_vector result{std::byte{0xff}};
  for (int i = 0; i < 8; ++i)
    result.push_back(static_cast<std::byte>(n >> (8 * i)));
  return result;
}

byte_vector message(std::string command, byte_vector payload = {}) {
  raw_envelope result;
  result.command = std::move(command);
  result.payload = std::move(payload);
  return result.bytes();
}

byte_vector with_bad_checksum(std::string command, byte_vector payload) {
  raw_envelope result;
  result.command = std::move(command);
  result.payload = std::move(payload);
  result.checksum = 0x12345678;
  return result.bytes();
}

/// The envelope alone of a message that never comes.
byte_vector announced(std::string command, std::uint32_t length) {
  raw_envelope result;
  result.command = std::move(command);
  result.length = length;
  return result.bytes();
}

struct bad_input {
  std::string name;
  byte_vector bytes;
};

template <class Message>
byte_vector wire_bytes(const Message& x) {
  return wire::encode(regtest_magic, x);
}

} // namespace

TEST_CASE("bad input: bytes that are not of this network end the connection at once") {
  scene on;
  auto other = wire::parameters(wire::network::main).magic;
  const std::vector<bad_input> inputs{
    {"garbage", garbage(64)},
    {"four bytes of garbage", garbage(4)},
    {"much garbage", garbage(100'000)},
    {"an HTTP request", text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")},
    {"TLS", text("\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03")},
    {"another network's version", wire::encode(other, raw_identity{}.version())},
    {"another network's ping", wire::encode(other, wire::ping{1})},
  };
  for (const auto& input : inputs) {
    CAPTURE(input.name);
    auto send = [&](raw_peer& x) { x.send_some(input.bytes, in(1s)); };
    for (auto direction : directions) {
      on.must_end(on.stranger(direction), false, peer_exit::wrong_magic, send);
      on.must_end(on.peer(direction), true, peer_exit::wrong_magic, send);
    }
    // Whole messages before the garbage still count.
    on.must_end(on.stranger(), true, peer_exit::wrong_magic, [&](raw_peer& x) {
      auto all = x.handshake_bytes();
      append(all, wire_bytes(wire::ping{7}));
      append(all, input.bytes);
      x.send_some(all, in(1s));
    });
  }
}

TEST_CASE("bad input: a bad checksum drops the message, and the peer stays") {
  scene on;
  auto remote = on.stranger();
  auto version = wire_bytes(raw_identity{}.version());
  version[20] ^= std::byte{1};
  remote.send(version);
  remote.shake_hands();
  remote.send(with_bad_checksum("ping", byte_vector(8)));
  remote.send(with_bad_checksum("block", byte_vector(100'000)));
  remote.send(with_bad_checksum("wtxidrelay", {})); // which would end it, were it whole
  remote.send(wire::ping{42});
  auto answer = remote.expect("pong");
  CHECK(std::get<wire::pong>(answer.decoded()).nonce == 42);
  on.must_have_ignored(remote, {{ignored::bad_checksum, 4}});
}

TEST_CASE("bad input: a length over the limit ends the peer before any of it is read") {
  scene on;
  namespace limits = wire::limits;
  auto announce = [](std::string command, std::uint32_t length) {
    return [=](raw_peer& x) { x.send(announced(command, length)); };
  };
  constexpr auto before = limits::skipped_before_handshake;
  for (std::string command : {"version", "verack", "foo"}) {
    CAPTURE(command);
    for (auto direction : directions) {
      on.must_end(on.stranger(direction), false, peer_exit::oversized_message,
                  announce(command, before + 1));
      on.must_end(on.stranger(direction), false, peer_exit::oversized_message,
                  announce(command, 0xffffffff));
      on.must_end(on.peer(direction), true, peer_exit::oversized_message,
                  announce(command, limits::payload + 1));
      on.must_end(on.peer(direction), true, peer_exit::oversized_message,
                  announce(command, 0xffffffff));
    }
  }
  // Exactly the limit passes, and means nothing.
  auto remote = on.stranger();
  remote.send(message("foo", byte_vector(before)));
  remote.shake_hands();
  remote.send(message("foo", byte_vector(limits::payload)));
  remote.round_trip();
  on.must_have_ignored(remote,
                       {{ignored::before_version, 1}, {ignored::unknown_command, 1}});
}

TEST_CASE("bad input: an announced payload costs no memory before it comes") {
  constexpr std::size_t liars = 100;
  constexpr std::size_t allowed_each = 64 * 1024;
  scene on;
  std::vector<raw_peer> remotes;
  for (std::size_t i = 0; i < liars; ++i)
    remotes.push_back(on.peer());
  const auto before = allocated_bytes();
  for (auto& remote : remotes) {
    auto bytes = announced("block", wire::limits::payload);
    bytes.push_back(std::byte{1});
    remote.send(bytes);
  }
  // All of it has been read once an equal number of bytes has arrived: the innocent one's
  // round trip comes behind on the same I/O thread.
  on.must_be_undisturbed();
  const auto after = allocated_bytes();
  const auto grown = after - std::min(before, after);
  MESSAGE("allocated ", grown, " for ", liars * wire::limits::payload, " announced");
  CHECK(grown < liars * allowed_each);
  for (auto& remote : remotes)
    remote.finish_sending();
  CHECK(eventually([&] { return on.exits(peer_exit::truncated_message) == liars; }));
  on.must_be_undisturbed();
}

TEST_CASE("bad input: an end of stream inside a message is told from one between two") {
  scene on;
  auto version = wire_bytes(raw_identity{}.version());
  auto ping = wire_bytes(wire::ping{1});
  auto cut = [](const byte_vector& bytes, std::size_t at) {
    return [&bytes, at](raw_peer& x) {
      x.send({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at)});
      x.finish_sending();
    };
  };
  for (std::size_t at :
       {std::size_t{1}, std::size_t{23}, std::size_t{24}, version.size() - 1}) {
    CAPTURE(at);
    on.must_end(on.stranger(), false, peer_exit::truncated_message, cut(version, at));
  }
  for (std::size_t at :
       {std::size_t{1}, std::size_t{23}, std::size_t{24}, ping.size() - 1}) {
    CAPTURE(at);
    on.must_end(on.peer(), true, peer_exit::truncated_message, cut(ping, at));
  }
  on.must_end(on.stranger(), false, peer_exit::remote_closed, cut(version, 0));
  on.must_end(on.stranger(), false, peer_exit::remote_closed,
              cut(version, version.size()));
  on.must_end(on.peer(), true, peer_exit::remote_closed, cut(ping, ping.size()));
}

TEST_CASE("bad input: a count beyond its limit ends the peer") {
  scene on;
  namespace limits = wire::limits;
  auto entries = std::vector<wire::inventory_entry>(limits::inventory + 1,
                                                    {wire::inv_tx, wire::hash256{{1}}});
  auto locator = std::vector<wire::hash256>(limits::locator + 1);
  const std::vector<bad_input> inputs{
    {"inv", wire_bytes(wire::inv{entries})},
    {"getdata", wire_bytes(wire::getdata{entries})},
    {"headers",
     wire_bytes(wire::headers{std::vector<wire::block_header>(limits::headers + 1)})},
    {"addr",
     wire_bytes(wire::addr{std::vector<wire::timed_address>(limits::addresses + 1)})},
    {"addrv2", wire_bytes(wire::addrv2{std::vector<wire::network_address>(
                 limits::addresses + 1, {0, 0, 1, {127, 0, 0, 1}, 1})})},
    {"getheaders", wire_bytes(wire::getheaders{70016, locator, {}})},
    {"getblocks", wire_bytes(wire::getblocks{70016, locator, {}})},
  };
  for (const auto& input : inputs) {
    CAPTURE(input.name);
    for (auto direction : directions)
      on.must_end(on.peer(direction), true, peer_exit::too_many_entries,
                  [&](raw_peer& x) { x.send_some(input.bytes, in(2s)); });
  }
  // Before the handshake is over they are not parsed.
  auto remote = on.stranger();
  remote.send(message("inv", count_of(~0ull)));
  remote.shake_hands();
  // Exactly the limit, and counts within it that the payload does not hold.
  entries.pop_back();
  for (auto& entry : entries)
    entry.type = 77;
  remote.send(wire::inv{entries});
  remote.send(message("inv", count_of(3)));
  // Only what is there can be too much.
  byte_vector locator_count{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}};
  append(locator_count, count_of(~0ull));
  remote.send(message("inv", count_of(~0ull)));
  remote.send(message("getdata", count_of(1ull << 32)));
  remote.send(message("headers", count_of(1ull << 40)));
  remote.send(message("addr", count_of(1ull << 63)));
  remote.send(message("addrv2", count_of(~0ull)));
  remote.send(message("getheaders", locator_count));
  remote.round_trip();
  on.must_have_ignored(remote, {{ignored::before_version, 1},
                                {ignored::unknown_inventory, 1},
                                {ignored::malformed, 7}});
}

TEST_CASE("bad input: what breaks a rule ends the peer with that rule's reason") {
  scene on;
  const std::vector<std::tuple<std::string, byte_vector, peer_exit>> inputs{
    {"late wtxidrelay", message("wtxidrelay"), peer_exit::late_feature_message},
    {"late sendaddrv2", message("sendaddrv2"), peer_exit::late_feature_message},
    {"mempool", message("mempool"), peer_exit::unoffered_service},
    {"filterload", message("filterload", byte_vector(12)), peer_exit::unoffered_service},
    {"filteradd", message("filteradd", byte_vector(2)), peer_exit::unoffered_service},
    {"filterclear", message("filterclear"), peer_exit::unoffered_service},
    {"getcfilters", message("getcfilters", byte_vector(37)),
     peer_exit::unoffered_service},
    {"getcfheaders", message("getcfheaders", byte_vector(37)),
     peer_exit::unoffered_service},
    {"getcfcheckpt", message("getcfcheckpt", byte_vector(33)),
     peer_exit::unoffered_service},
  };
  for (const auto& input : inputs) {
    CAPTURE(std::get<0>(input));
    for (auto direction : directions)
      on.must_end(on.peer(direction), true, std::get<2>(input),
                  [&](raw_peer& x) { x.send(std::get<1>(input)); });
  }
  for (auto direction : directions)
    on.must_end(on.stranger(direction), false, peer_exit::obsolete_version,
                [](raw_peer& x) {
                  raw_identity old;
                  old.protocol = wire::limits::lowest_version - 1;
                  x.send(old.version());
                });
}

TEST_CASE("bad input: what is merely unexpected is counted, and the peer stays") {
  scene on;
  for (auto direction : directions) {
    CAPTURE(to_string(direction));
    auto remote = on.stranger(direction);
    remote.send(wire::ping{1});
    remote.send(wire::verack{});
    remote.send(message("version", byte_vector(20)));
    auto version = raw_identity{}.version();
    remote.send(version);
    remote.send(version);
    remote.send(wire::ping{2});
    remote.send(message("sendtxrcncl", byte_vector(12)));
    remote.send(wire::wtxidrelay{});
    remote.send(wire::sendaddrv2{});
    remote.send(wire::verack{});
    remote.expect("verack");
    remote.send(version);
    remote.send(wire::verack{});
    remote.send(message("foo", garbage(50)));
    remote.send(message(std::string("pi\0ng", 5), byte_vector(8)));
    remote.send(message("ping")); // older than pongs
    remote.send(wire::pong{77});
    remote.send(wire::headers{});
    remote.send(wire::notfound{{{wire::inv_tx, {}}}});
    remote.send(wire::inv{{{99, {}}}});
    remote.send(wire::getdata{{{99, {}}}});
    remote.send(wire::getaddr{});
    remote.send(wire::getaddr{});
    remote.send(message("block", byte_vector(10)));
    remote.send(message("reject", byte_vector{std::byte{0}, std::byte{1}, std::byte{0}}));
    remote.send(message("getblocktxn", byte_vector(10)));
    remote.send(wire::sendheaders{});
    remote.send(wire::sendcmpct{});
    remote.send(wire::feefilter{1'000});
    remote.send(wire::ping{3});
    // To neither of the pings before verack.
    CHECK(std::get<wire::pong>(remote.expect("pong").decoded()).nonce == 3);
    on.must_have_ignored(
      remote, {{ignored::before_version, 2},
               {ignored::before_verack, 1},
               {ignored::duplicate_handshake, 3},
               {ignored::unknown_command, 3},
               {ignored::malformed, 2},
               {ignored::odd_pong, 1},
               {ignored::unsolicited, 2},
               {ignored::unknown_inventory, 2},
               {ignored::repeated_getaddr, direction == peer_direction::inbound ? 1 : 2},
               {ignored::obsolete, 2}});
  }
}

TEST_CASE("bad input: a whole session, one byte at a time") {
  scene on;
  auto chain = regtest_chain::generate(5, 1);
  auto remote = on.stranger();
  remote.send_bytewise(remote.handshake_bytes());
  remote.expect("verack");
  remote.send_bytewise(wire_bytes(wire::ping{5}));
  CHECK(std::get<wire::pong>(remote.expect("pong").decoded()).nonce == 5);
  remote.send_bytewise(wire_bytes(wire::getheaders{70016, {chain->hash_at(0)}, {}}));
  auto headers = std::get<wire::headers>(remote.expect("headers").decoded());
  CHECK(headers.entries.size() == 5);
  remote.send_bytewise(wire_bytes(
    wire::getdata{{{wire::inv_block, chain->hash_at(3)}, {wire::inv_tx, {}}}}));
  auto block = std::get<wire::block>(remote.expect("block").decoded());
  CHECK(block == chain->at(3));
  CHECK(std::get<wire::notfound>(remote.expect("notfound").decoded()).entries.size() ==
        1);
  remote.send_bytewise(with_bad_checksum("ping", byte_vector(8)));
  remote.send_bytewise(message("foo", garbage(30)));
  remote.round_trip();
  on.must_have_ignored(remote,
                       {{ignored::bad_checksum, 1}, {ignored::unknown_command, 1}});
}

TEST_CASE("bad input: thousands of messages in one segment") {
  constexpr std::uint64_t rounds = 2'000;
  scene on;
  byte_vector flood;
  for (std::uint64_t i = 1; i <= rounds; ++i) {
    append(flood, wire_bytes(wire::ping{i}));
    append(flood, message("foo"));
    append(flood, with_bad_checksum("ping", byte_vector(8)));
    append(flood, wire_bytes(wire::pong{i}));
    append(flood, message("block", byte_vector(4)));
  }
  for (bool with_handshake : {false, true}) {
    CAPTURE(with_handshake);
    auto remote = on.stranger();
    byte_vector all;
    if (with_handshake)
      all = remote.handshake_bytes();
    else
      remote.shake_hands();
    append(all, flood);
    remote.send(all);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 1; i <= rounds; ++i)
      wrong += std::get<wire::pong>(remote.expect("pong").decoded()).nonce != i;
    CHECK(wrong == 0);
    remote.round_trip();
    on.must_have_ignored(remote, {{ignored::unknown_command, rounds},
                                  {ignored::bad_checksum, rounds},
                                  {ignored::odd_pong, rounds},
                                  {ignored::malformed, rounds}});
    remote.finish_sending();
    CHECK(remote.read_end() == stream_end::end_of_file);
    CHECK(eventually([&] { return on.node().snapshot().peers.total == 1; }));
  }
}
