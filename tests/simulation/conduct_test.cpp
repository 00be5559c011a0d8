// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "messages/wire/addresses.hpp"
#include "tests/simulation/requests_fixture.hpp"
#include "tests/support/scripted_service.hpp"

#include <functional>

/// I10: what is merely unexpected is counted and ignored; what breaks a stated limit or
/// rule ends that one peer with its own reason. The conduct table of actors/README.md,
/// line by line, in every state of a connection. I11: sizes and counts are checked before
/// memory is taken. I12: memory per peer is bounded, whatever the remote does.
using namespace peerage;
using namespace peerage::test;

namespace {

enum class state { before_version, before_verack, ready };

std::vector<std::byte> garble(std::vector<std::byte> whole, std::size_t at) {
  whole[at] ^= std::byte{0xff};
  return whole;
}

/// The expected result: a count under this heading, or an end with this reason, or
/// neither.
struct verdict {
  std::optional<ignored> counted;
  std::optional<peer_exit> ended;
};

verdict counts(ignored what) {
  return {what, {}};
}
verdict ends(peer_exit why) {
  return {{}, why};
}
const verdict passes{};

struct rule {
  const char* what;
  std::function<std::vector<std::byte>(std::uint32_t magic)> bytes;
  verdict before_version, before_verack, ready_inbound, ready_outbound;
};

std::function<std::vector<std::byte>(std::uint32_t)> message(wire::message x) {
  return [x](std::uint32_t magic) { return wire::encode(magic, x); };
}

/// A message with any command and payload.
std::function<std::vector<std::byte>(std::uint32_t)>
raw(std::string command, std::vector<std::byte> payload,
    std::optional<std::uint32_t> length = {}) {
  return [=](std::uint32_t magic) {
    std::vector<std::byte> result(wire::envelope_size);
    auto size = length.value_or(static_cast<std::uint32_t>(payload.size()));
    auto sum = wire::checksum(payload);
    std::memcpy(result.data(), &magic, 4);
    std::memcpy(result.data() + 4, command.data(), command.size());
    std::memcpy(result.data() + 16, &size, 4);
    std::memcpy(result.data() + 20, &sum, 4);
    result.insert(result.end(), payload.begin(), payload.end());
    return result;
  };
}

/// A version with `count` bytes of unknown fields.
std::function<std::vector<std::byte>(std::uint32_t)> version_and(std::size_t count) {
  auto payload = wire::encode(0, remote_version(5));
  payload.erase(payload.begin(), payload.begin() + wire::envelope_size);
  payload.resize(payload.size() + count, std::byte{7});
  return raw("version", payload);
}

/// `count` as a compact size, then zeros for that many entries.
std::vector<std::byte> list(std::uint32_t count, std::size_t entry,
                            std::size_t prefix = 0) {
  std::vector<std::byte> result(prefix);
  result.push_back(std::byte{0xfe});
  const auto* bytes = reinterpret_cast<const std::byte*>(&count);
  result.insert(result.end(), bytes, bytes + 4);
  if (count < 0x10000) { // the shortest form, else it is malformed
    result.resize(prefix);
    if (count >= 0xfd)
      result.push_back(std::byte{0xfd});
    result.insert(result.end(), bytes, bytes + (count < 0xfd ? 1 : 2));
  }
  result.resize(result.size() + count * entry);
  return result;
}

std::vector<std::byte> without_last(std::vector<std::byte> bytes, std::size_t count) {
  bytes.resize(bytes.size() - count);
  return bytes;
}

/// One entry less than the count says.
std::vector<std::byte> short_list(std::uint32_t count, std::size_t entry) {
  return without_last(list(count, entry), entry);
}

std::vector<rule> rules() {
  using enum ignored;
  auto anywhere = [](const char* what, auto bytes, verdict x) {
    return rule{what, bytes, x, x, x, x};
  };
  auto from_ready = [](const char* what, auto bytes, verdict x) {
    return rule{what, bytes, counts(before_version), counts(before_verack), x, x};
  };
  const std::vector<std::byte> nine(9, std::byte{0xff});
  auto locator = list(102, 32, 4);
  locator.resize(locator.size() + 32); // where to stop
  const auto first = make_header({}, 1);
  auto lazy = first;
  lazy.bits = 0x1d00ffff; // the main network's
  const auto entries = ends(peer_exit::too_many_entries);
  const auto unoffered = ends(peer_exit::unoffered_service);
  std::vector<rule> result{
    // Ignored and counted.
    {"verack", message(wire::verack{}), counts(before_version), passes,
     counts(duplicate_handshake), counts(duplicate_handshake)},
    {"version", message(remote_version(5)), passes, counts(duplicate_handshake),
     counts(duplicate_handshake), counts(duplicate_handshake)},
    {"version with 10,000 bytes behind its fields", version_and(10'000), passes,
     counts(duplicate_handshake), counts(duplicate_handshake),
     counts(duplicate_handshake)},
    {"malformed version", raw("version", std::vector<std::byte>(10)), counts(malformed),
     counts(duplicate_handshake), counts(malformed), counts(malformed)},
    {"unknown command", raw("nonsense", {std::byte{1}}), counts(before_version),
     counts(unknown_command), counts(unknown_command), counts(unknown_command)},
    {"wtxidrelay", message(wire::wtxidrelay{}), counts(before_version), passes,
     ends(peer_exit::late_feature_message), ends(peer_exit::late_feature_message)},
    {"sendaddrv2", message(wire::sendaddrv2{}), counts(before_version), passes,
     ends(peer_exit::late_feature_message), ends(peer_exit::late_feature_message)},
    anywhere(
      "bad checksum",
      [](std::uint32_t magic) { return garble(wire::encode(magic, wire::ping{1}), 30); },
      counts(bad_checksum)),
    from_ready("malformed inv", raw("inv", {std::byte{9}, std::byte{1}}),
               counts(malformed)),
    from_ready("malformed headers", raw("headers", {}), counts(malformed)),
    from_ready("block without a header", raw("block", std::vector<std::byte>(80)),
               counts(malformed)),
    from_ready("odd pong", message(wire::pong{12345}), counts(odd_pong)),
    from_ready("short pong", raw("pong", std::vector<std::byte>(4)), counts(odd_pong)),
    from_ready("empty pong", raw("pong", {}), counts(odd_pong)),
    from_ready("pong without a nonce", message(wire::pong{0}), counts(odd_pong)),
    from_ready("unsolicited notfound", message(wire::notfound{{{wire::inv_tx, {}}}}),
               counts(unsolicited)),
    from_ready("unsolicited headers", message(wire::headers{}), counts(unsolicited)),
    from_ready("unsolicited block",
               message(wire::block{wire::slice::adopt(std::vector<std::byte>(200))}),
               counts(unsolicited)),
    from_ready("unsolicited tx",
               message(wire::tx{wire::slice::adopt(std::vector<std::byte>(60))}),
               counts(unsolicited)),
    from_ready("unsolicited cmpctblock", raw("cmpctblock", std::vector<std::byte>(100)),
               counts(unsolicited)),
    from_ready("unknown inventory type", message(wire::inv{{{99, {}}}}),
               counts(unknown_inventory)),
    from_ready("witness block in inv",
               message(wire::inv{{{wire::inv_witness_block, {}}}}),
               counts(unknown_inventory)),
    from_ready("witness transaction in inv",
               message(wire::inv{{{wire::inv_witness_tx, {}}}}),
               counts(unknown_inventory)),
    from_ready("filtered block in inv",
               message(wire::inv{{{wire::inv_filtered_block, {}}}}),
               counts(unknown_inventory)),
    from_ready("compact block in inv",
               message(wire::inv{{{wire::inv_compact_block, {}}}}),
               counts(unknown_inventory)),
    from_ready("unknown type in getdata", message(wire::getdata{{{99, {}}}}),
               counts(unknown_inventory)),
    from_ready("reject", message(wire::reject{"tx", 1, "no", {}}), counts(obsolete)),
    from_ready("getblocktxn", raw("getblocktxn", std::vector<std::byte>(40)),
               counts(obsolete)),
    from_ready("ping", message(wire::ping{1}), passes),
    from_ready("ping of before BIP 31", raw("ping", {}), passes),
    {"sendheaders", message(wire::sendheaders{}), counts(before_version), passes, passes,
     passes},
    {"sendcmpct", message(wire::sendcmpct{false, 2}), counts(before_version), passes,
     passes, passes},
    {"malformed sendcmpct", raw("sendcmpct", std::vector<std::byte>(8)),
     counts(before_version), counts(malformed), counts(malformed), counts(malformed)},
    from_ready("feefilter", message(wire::feefilter{1000}), passes),
    from_ready("addr", message(wire::addr{{{1, {}}}}), passes),
    from_ready("inv of a transaction", message(wire::inv{{{wire::inv_tx, {}}}}), passes),
    from_ready("inv of a wtxid", message(wire::inv{{{wire::inv_wtx, {}}}}), passes),
    from_ready("addrv2 with an unknown network",
               message(wire::addrv2{{{1, 0, 3, {1, 2, 3}, 1}}}), passes),
    from_ready("inv of fewer entries than it says", raw("inv", short_list(40'000, 36)),
               counts(malformed)),
    from_ready("inv of nothing but a count", raw("inv", nine), counts(malformed)),
    from_ready("getdata of nothing but a count", raw("getdata", nine), counts(malformed)),
    from_ready("notfound of nothing but a count", raw("notfound", nine),
               counts(malformed)),
    from_ready("addr of nothing but a count", raw("addr", nine), counts(malformed)),
    from_ready("addrv2 of nothing but a count", raw("addrv2", nine), counts(malformed)),
    from_ready("headers of nothing but a count", raw("headers", nine), counts(malformed)),
    from_ready("getheaders of nothing but a count", raw("getheaders", nine),
               counts(malformed)),
    from_ready("getblocks of nothing but a count", raw("getblocks", nine),
               counts(malformed)),
    from_ready("getcfilters of nothing", raw("getcfilters", {}), counts(malformed)),
    from_ready("getcfilters, cut off", raw("getcfilters", std::vector<std::byte>(36)),
               counts(malformed)),
    from_ready("getcfheaders of a byte", raw("getcfheaders", std::vector<std::byte>(1)),
               counts(malformed)),
    from_ready("getcfheaders, cut off", raw("getcfheaders", std::vector<std::byte>(36)),
               counts(malformed)),
    from_ready("getcfcheckpt of nothing", raw("getcfcheckpt", {}), counts(malformed)),
    from_ready("getcfcheckpt, cut off", raw("getcfcheckpt", std::vector<std::byte>(32)),
               counts(malformed)),
    from_ready("addr of 1,002 that holds 1,001", raw("addr", short_list(1'002, 30)),
               counts(malformed)),
    from_ready("headers of 2,002 that holds 2,001", raw("headers", short_list(2'002, 81)),
               counts(malformed)),
    from_ready("getheaders with 102 locator hashes and nothing behind them",
               raw("getheaders", list(102, 32, 4)), counts(malformed)),
    from_ready("a long message", raw("merkleblock", std::vector<std::byte>(5'000)),
               counts(unsolicited)),
    {"getaddr", message(wire::getaddr{}), counts(before_version), counts(before_verack),
     passes, counts(repeated_getaddr)},
    // Ends the peer.
    anywhere(
      "wrong magic",
      [](std::uint32_t) { return wire::encode(0xd9b4bef9, wire::ping{1}); },
      ends(peer_exit::wrong_magic)),
    anywhere(
      "garbage",
      [](std::uint32_t) { return std::vector<std::byte>(100, std::byte{0x47}); },
      ends(peer_exit::wrong_magic)),
    anywhere("a length over the limit", raw("tx", {}, 4'000'001),
             ends(peer_exit::oversized_message)),
    from_ready("headers that are no chain", message(wire::headers{{first, first}}),
               ends(peer_exit::headers_not_linked)),
    from_ready("a header without work", message(wire::headers{{lazy}}),
               ends(peer_exit::header_without_work)),
    from_ready("mempool", message(wire::mempool{}), unoffered),
    from_ready("filterload", raw("filterload", std::vector<std::byte>(20)), unoffered),
    from_ready("filteradd", raw("filteradd", std::vector<std::byte>(20)), unoffered),
    from_ready("filterclear", raw("filterclear", {}), unoffered),
    from_ready("getcfilters", raw("getcfilters", std::vector<std::byte>(37)), unoffered),
    from_ready("getcfheaders", raw("getcfheaders", std::vector<std::byte>(37)),
               unoffered),
    from_ready("getcfcheckpt", raw("getcfcheckpt", std::vector<std::byte>(33)),
               unoffered),
    from_ready("getheaders with 102 locator hashes", raw("getheaders", locator), entries),
    from_ready("getblocks with 102 locator hashes", raw("getblocks", locator), entries),
    from_ready("addr of 1,001", raw("addr", list(1'001, 30)), entries),
    from_ready("addrv2 of 1,001", raw("addrv2", list(1'001, 9)), entries),
    from_ready("inv of 50,001", raw("inv", list(50'001, 36)), entries),
    from_ready("getdata of 50,001", raw("getdata", list(50'001, 36)), entries),
    from_ready("headers of 2,001", raw("headers", list(2'001, 81)), entries),
    from_ready("notfound of 50,001", raw("notfound", list(50'001, 36)), entries),
  };
  return result;
}

/// Runs one rule in one state and checks its verdict.
void check(const rule& rule, state when, peer_direction direction) {
  const std::string what = rule.what;
  CAPTURE(what);
  CAPTURE(static_cast<int>(when));
  CAPTURE(to_string(direction));
  const auto& expected = when == state::before_version          ? rule.before_version
                         : when == state::before_verack         ? rule.before_verack
                         : direction == peer_direction::inbound ? rule.ready_inbound
                                                                : rule.ready_outbound;
  simulation world;
  auto innocent = world.ready_inbound();
  auto bystander = world.take_client();
  auto remote =
    direction == peer_direction::inbound ? world.open_inbound() : world.open_outbound();
  if (when != state::before_version)
    remote.send(remote_version());
  if (when == state::ready) {
    remote.send(wire::verack{});
    world.run();
    REQUIRE(world.results->ready.size() == 1);
  }
  client_actor client;
  caf::scoped_actor observer{world.system, true};
  if (when == state::ready) {
    client = world.take_client();
    observer->monitor(client);
  }
  world.run();
  remote.send_raw(rule.bytes(remote.magic()));
  world.run();
  if (expected.ended) {
    CHECK(remote.saw_end());
    if (when == state::ready) {
      observer->receive(
        [&](const caf::down_msg& x) { CHECK(exit_of(x.reason) == *expected.ended); },
        caf::after(0s) >> [] { FAIL_CHECK("the peer is still there"); });
    } else {
      REQUIRE(world.results->failed.size() == 1);
      CHECK(world.results->failed[0].reason == *expected.ended);
    }
  } else {
    CHECK_FALSE(remote.saw_end());
    // It still works: the handshake can be finished, and pings are answered.
    if (when != state::ready) {
      if (when == state::before_version)
        remote.send(remote_version());
      remote.send(wire::verack{});
      world.run();
      REQUIRE(world.results->ready.size() == 1);
      client = world.take_client();
    }
    remote.take();
    remote.send(wire::ping{4711});
    world.run();
    CHECK(remote.take_commands().find("pong") != std::string::npos);
    auto seen = world.snapshot(client).traffic.ignored;
    // In these two states a verack or version is what was missing.
    const bool completes_early =
      (when == state::before_version &&
       std::string_view(rule.what).starts_with("version")) ||
      (when == state::before_verack && std::string_view(rule.what) == "verack");
    for (std::size_t i = 0; i < ignored_count && !completes_early; ++i) {
      CAPTURE(to_string(static_cast<ignored>(i)));
      CHECK(
        seen[i] ==
        (expected.counted && static_cast<std::size_t>(*expected.counted) == i ? 1 : 0));
    }
  }
  // Nothing else is disturbed.
  innocent.take();
  innocent.send(wire::ping{1});
  world.run();
  CHECK(innocent.take_commands() == "pong");
}

} // namespace

TEST_CASE("I10: each rule of conduct in each state and direction") {
  for (const auto& rule : rules())
    for (auto when : {state::before_version, state::before_verack, state::ready})
      for (auto direction : {peer_direction::inbound, peer_direction::outbound})
        check(rule, when, direction);
}

TEST_CASE("I10: wtxidrelay from old peers is ignored, before verack and after") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound})
    for (bool ready : {false, true}) {
      CAPTURE(to_string(direction));
      CAPTURE(ready);
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      auto old = remote_version();
      old.protocol = wire::limits::feature_version - 1;
      remote.send(old);
      if (!ready)
        remote.send(wire::wtxidrelay{});
      remote.send(wire::verack{});
      if (ready)
        remote.send(wire::wtxidrelay{});
      world.run();
      REQUIRE(world.results->ready.size() == 1);
      CHECK_FALSE(remote.saw_end());
      CHECK_FALSE(world.results->ready[0].info.wtxidrelay);
      const auto seen = world.snapshot(world.take_client()).traffic.ignored;
      CHECK(seen[static_cast<std::size_t>(ignored::old_peer_feature)] == 1);
    }
}

TEST_CASE("sendaddrv2 is heeded from peers of any version, before verack (BIP 155)") {
  service_script script;
  script.on_addresses = [](const serve_addresses&) {
    return addresses{
      {{1'700'000'000, 1, wire::tor_v3_network, std::vector<std::uint8_t>(32, 7), 8333}}};
  };
  for (std::int32_t version : {31'800, 60'000, 70'001, 70'015, 70'016}) {
    CAPTURE(version);
    simulation world;
    world.context->service = world.system.spawn(scripted_service, script);
    auto remote = world.open_inbound();
    auto old = remote_version();
    old.protocol = version;
    remote.send(old);
    remote.send(wire::sendaddrv2{});
    remote.send(wire::verack{});
    world.run();
    REQUIRE(world.results->ready.size() == 1);
    CHECK(world.results->ready[0].info.addrv2);
    remote.take();
    remote.send(wire::getaddr{});
    world.run();
    const auto told = remote.take();
    REQUIRE(told.size() == 1);
    CHECK(std::get<wire::addrv2>(told[0]).entries.at(0).network_id ==
          wire::tor_v3_network);
    const auto seen = world.snapshot(world.results->ready[0].client).traffic.ignored;
    CHECK(seen[static_cast<std::size_t>(ignored::old_peer_feature)] == 0);
    remote.send(wire::sendaddrv2{});
    world.run();
    CHECK(remote.saw_end());
  }
}

TEST_CASE("pings of peers without pongs are not answered, whatever they carry (BIP 31)") {
  for (std::int32_t version : {31'800, 59'999, 60'000, 60'001, 70'016}) {
    CAPTURE(version);
    simulation world;
    auto remote = world.open_inbound();
    auto old = remote_version();
    old.protocol = version;
    world.shake_hands(remote, old, false);
    remote.take();
    for (std::size_t size : {0, 8, 16})
      remote.send_raw(
        raw("ping", std::vector<std::byte>(size, std::byte{1}))(remote.magic()));
    world.run();
    CHECK(remote.take_commands() == (version > 60'000 ? "pong pong" : ""));
    const auto seen = world.snapshot(world.take_client()).traffic.ignored;
    for (auto x : seen)
      CHECK(x == 0);
  }
}

TEST_CASE("sendcmpct of any version but 2 counts as not received (BIP 152)") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  auto wants_compact_blocks = [&](bool announce, std::uint64_t version) {
    remote.send(wire::sendcmpct{announce, version});
    world.run();
    return world.snapshot(client).high_bandwidth_from;
  };
  for (std::uint64_t version : {0, 1, 3})
    CHECK_FALSE(wants_compact_blocks(true, version));
  CHECK(wants_compact_blocks(true, 2));
  CHECK(wants_compact_blocks(false, 1));
  CHECK(wants_compact_blocks(false, ~std::uint64_t{0}));
  CHECK_FALSE(wants_compact_blocks(false, 2));
}

TEST_CASE("sendcmpct is heeded from the remote's version on, as Core does") {
  for (bool behind_features : {false, true}) {
    CAPTURE(behind_features);
    simulation world;
    auto remote = world.open_inbound();
    remote.send(wire::sendcmpct{true, 2}); // before version: ignored
    remote.send(remote_version());
    if (behind_features)
      remote.send(wire::sendaddrv2{});
    remote.send(wire::sendcmpct{true, 2});
    remote.send(wire::sendcmpct{false, 1});
    remote.send(wire::sendheaders{});
    remote.send(wire::verack{});
    world.run();
    auto client = world.take_client();
    const auto seen = world.snapshot(client);
    CHECK(seen.high_bandwidth_from);
    CHECK(seen.traffic.ignored[static_cast<std::size_t>(ignored::before_version)] == 1);
    CHECK(seen.traffic.ignored[static_cast<std::size_t>(ignored::before_verack)] == 0);
    remote.send(wire::sendcmpct{false, 2});
    world.run();
    CHECK_FALSE(world.snapshot(client).high_bandwidth_from);
  }
  simulation world;
  auto remote = world.open_inbound();
  remote.send(wire::sendcmpct{true, 2});
  world.shake_hands(remote);
  CHECK_FALSE(world.snapshot(world.take_client()).high_bandwidth_from);
}

TEST_CASE("pings for peers without pongs have no nonce (BIP 31)") {
  for (std::int32_t version : {31'800, 59'999, 60'000, 60'001, 70'016}) {
    CAPTURE(version);
    simulation world;
    auto remote = world.open_inbound();
    auto old = remote_version();
    old.protocol = version;
    world.shake_hands(remote, old, false);
    auto client = world.take_client();
    auto pings = [&, answers = version > 60'000] {
      int found = 0;
      for (const auto& x : remote.take()) {
        if (wire::command_of(x) != wire::command::ping)
          continue;
        ++found;
        const auto* with_nonce = std::get_if<wire::ping>(&x);
        CHECK((with_nonce != nullptr) == answers);
        if (with_nonce)
          remote.send(wire::pong{with_nonce->nonce});
      }
      return found;
    };
    CHECK(pings() == 1);
    world.advance(world.context->timing.ping_interval);
    CHECK(pings() == 1);
    // A latency is no answer away.
    auto answer = world.ask<latency>(client, measure_latency{});
    world.run();
    if (version > 60'000) {
      CHECK(answer->replies == 0);
      CHECK(pings() == 1);
      world.run();
      CHECK(answer->value);
    } else {
      REQUIRE(answer->failure);
      CHECK(outcome_of(*answer->failure) == request_error::not_found);
      CHECK(to_string(answer->failure->context()).find("BIP 31") != std::string::npos);
      CHECK(pings() == 0);
    }
  }
}

TEST_CASE("what does not belong into an inv is not announced (BIP 144)") {
  auto told = std::make_shared<std::vector<inventory_announced>>();
  service_script script;
  script.on_any = [told](const service_request& x) {
    if (const auto* what = std::get_if<inventory_announced>(&x))
      told->push_back(*what);
  };
  simulation world;
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  remote.send(wire::inv{{{wire::inv_witness_block, {}},
                         {wire::inv_block, {}},
                         {wire::inv_witness_tx, {}},
                         {wire::inv_wtx, {}},
                         {wire::inv_wtx | wire::inv_witness_flag, {}},
                         {wire::inv_tx, {}}}});
  remote.send(wire::inv{{{wire::inv_witness_block, {}}}});
  world.run();
  REQUIRE(told->size() == 1);
  REQUIRE((*told)[0].entries.size() == 3);
  for (const auto& x : (*told)[0].entries)
    CHECK((x.type & wire::inv_witness_flag) == 0);
}

TEST_CASE("an unknown network in addrv2 costs nothing but its entry (BIP 155)") {
  auto told = std::make_shared<std::vector<addresses_announced>>();
  service_script script;
  script.on_any = [told](const service_request& x) {
    if (const auto* what = std::get_if<addresses_announced>(&x))
      told->push_back(*what);
  };
  simulation world;
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  remote.send(wire::addrv2{
    {{1, 0, 1, {10, 1, 1, 1}, 1}, {1, 0, 3, {1, 2}, 1}, {1, 0, 1, {10, 1, 1, 2}, 1}}});
  world.run();
  REQUIRE(told->size() == 1);
  CHECK((*told)[0].entries.front().bytes.back() == 1);
  CHECK((*told)[0].entries.back().bytes.back() == 2);
}

TEST_CASE("I10: what we offer may be asked for") {
  simulation world;
  world.context->identity.services |= wire::node_bloom | wire::node_compact_filters;
  service_script script;
  script.on_mempool = [](const serve_mempool&) {
    return transaction_ids{{{wire::hash256{{1}}, false}, {wire::hash256{{2}}, true}}};
  };
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  remote.take();
  remote.send(wire::mempool{});
  for (const char* command : {"filterload", "filteradd", "filterclear", "getcfilters",
                              "getcfheaders", "getcfcheckpt"})
    remote.send_raw(raw(command, std::vector<std::byte>(37))(remote.magic()));
  world.run();
  CHECK_FALSE(remote.saw_end());
  const auto answered = remote.take();
  REQUIRE(answered.size() == 1);
  const auto& pool = std::get<wire::inv>(answered[0]).entries;
  REQUIRE(pool.size() == 2);
  CHECK(pool[0].hash == wire::hash256{{1}});
  CHECK(pool[1].type == wire::inv_wtx);
  const auto seen = world.snapshot(world.take_client()).traffic.ignored;
  CHECK(seen[static_cast<std::size_t>(ignored::obsolete)] == 6); // known, not served
}

TEST_CASE("I10: getaddr is answered once, and to inbound peers only") {
  for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
    CAPTURE(to_string(direction));
    simulation world;
    service_script script;
    script.on_addresses = [](const serve_addresses&) {
      return addresses{{{1'700'000'000, 1, 1, {10, 1, 2, 3}, 8333}}};
    };
    world.context->service = world.system.spawn(scripted_service, script);
    auto remote = direction == peer_direction::inbound ? world.ready_inbound()
                                                       : world.ready_outbound();
    remote.take();
    remote.send(wire::getaddr{});
    remote.send(wire::getaddr{});
    world.run();
    CHECK(remote.take_commands() ==
          (direction == peer_direction::inbound ? "addrv2" : ""));
  }
}

TEST_CASE("I10: versions below the lowest end the peer, old ones do not") {
  struct age {
    std::int32_t protocol;
    bool welcome;
  };
  for (auto age : {age{31'799, false}, age{31'800, true}, age{60'000, true},
                   age{70'016, true}, age{80'000, true}, age{-1, false}}) {
    for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
      CAPTURE(age.protocol);
      CAPTURE(to_string(direction));
      simulation world;
      auto remote = direction == peer_direction::inbound ? world.open_inbound()
                                                         : world.open_outbound();
      auto theirs = remote_version();
      theirs.protocol = age.protocol;
      remote.send(theirs);
      world.run();
      CHECK(remote.saw_end() == !age.welcome);
      if (!age.welcome) {
        REQUIRE(world.results->failed.size() == 1);
        CHECK(world.results->failed[0].reason == peer_exit::obsolete_version);
      }
    }
  }
}

TEST_CASE("I10: a version with odd bytes, extra bytes or no relay byte is fine") {
  auto odd = remote_version();
  odd.user_agent = std::string(256, '\xff');
  auto magic = wire::parameters(wire::network::regtest).magic;
  std::vector<std::byte> payload;
  wire::encode_payload(odd, payload);
  auto longer = payload, shorter = payload;
  longer.resize(longer.size() + 100);
  shorter.pop_back();
  for (const auto& bytes : {payload, longer, shorter}) {
    simulation world;
    auto remote = world.open_inbound();
    remote.send_raw(raw("version", bytes)(magic));
    remote.send(wire::verack{});
    world.run();
    REQUIRE(world.results->ready.size() == 1);
    CHECK(world.results->ready[0].info.user_agent == odd.user_agent);
    CHECK(sanitised(world.results->ready[0].info.user_agent).empty());
  }
  simulation world;
  auto remote = world.open_inbound();
  odd.user_agent += '\xff';
  remote.send(odd); // 257 bytes: malformed, so no version came yet
  world.run();
  CHECK(remote.take_commands().empty());
  CHECK_FALSE(remote.saw_end());
}

TEST_CASE("getheaders is always answered, and unknown items with notfound") {
  simulation world;
  auto chain = regtest_chain::generate(10, 1);
  world.context->service = world.system.spawn(chain_service, chain);
  auto remote = world.ready_inbound();
  remote.take();
  remote.send(wire::getheaders{70016, {chain->hash_at(4)}, {}});
  remote.send(wire::getheaders{70016, {chain->hash_at(10)}, {}});
  remote.send(wire::getblocks{70016, {chain->hash_at(8)}, {}});
  remote.send(wire::getdata{{{wire::inv_block, chain->hash_at(3)},
                             {wire::inv_block, {}},
                             {77, {}},
                             {wire::inv_tx, {}},
                             {wire::inv_witness_block, chain->hash_at(4)}}});
  world.run();
  auto got = remote.take();
  REQUIRE(got.size() == 6);
  CHECK(std::get<wire::headers>(got[0]).entries.size() == 6);
  CHECK(std::get<wire::headers>(got[1]).entries.empty());
  CHECK(std::get<wire::inv>(got[2]).entries.size() == 2);
  CHECK(std::get<wire::block>(got[3]) == chain->at(3));
  CHECK(std::get<wire::block>(got[4]) == chain->at(4));
  CHECK(std::get<wire::notfound>(got[5]).entries.size() == 2);
}

TEST_CASE("a remote that asks by getblocks comes to the end of a long chain") {
  simulation world;
  auto chain = regtest_chain::generate(1'100, 1);
  world.context->service = world.system.spawn(chain_service, chain);
  auto remote = world.ready_inbound();
  remote.take();
  auto ask = [&](const wire::message& what) {
    remote.send(what);
    world.run();
    return remote.take();
  };
  auto block_at = [&](std::size_t height) {
    return wire::getdata{{{wire::inv_block, chain->hash_at(height)}}};
  };
  std::size_t known = 0;
  for (std::size_t end : {500, 1'000, 1'100}) {
    auto list = ask(wire::getblocks{70016, {chain->hash_at(known)}, {}});
    REQUIRE(list.size() == 1);
    CHECK(std::get<wire::inv>(list[0]).entries.size() == end - known);
    CHECK(ask(block_at(end - 1)).size() == 1);
    auto last = ask(block_at(end));
    REQUIRE(last.size() == (end < 1'100 ? 2 : 1));
    CHECK(std::get<wire::block>(last[0]) == chain->at(end));
    if (end < 1'100) {
      const auto news = std::get<wire::inv>(last[1]).entries;
      REQUIRE(news.size() == 1);
      CHECK(news[0].hash == chain->hash_at(std::min<std::size_t>(end + 500, 1'100)));
      CHECK(ask(block_at(end)).size() == 1); // once
    }
    known = end;
  }
}

TEST_CASE("whatever a remote asks for in one write is answered in the same turn") {
  simulation world;
  auto chain = regtest_chain::generate(10, 1);
  world.context->service = world.system.spawn(chain_service, chain);
  auto remote = world.ready_inbound();
  remote.take();
  // One of each, in every order of three: what needs no answer of the node stands
  // before, between and behind what does.
  const std::vector<wire::inventory_entry> entries{
    {99, {}}, {wire::inv_tx, {}}, {wire::inv_block, chain->hash_at(3)}, {3, {}}};
  std::uint64_t nonce = 0;
  for (const auto& a : entries)
    for (const auto& b : entries)
      for (const auto& c : entries)
        for (const bool with_headers : {false, true}) {
          const wire::getdata wanted{{a, b, c}};
          std::vector<std::byte> all;
          std::string expected;
          auto add = [&](const wire::message& x) {
            auto bytes = wire::encode(remote.magic(), x);
            all.insert(all.end(), bytes.begin(), bytes.end());
          };
          auto expect = [&](const char* command) {
            expected += (expected.empty() ? "" : " ") + std::string(command);
          };
          if (with_headers) {
            add(wire::getheaders{70016, {}, {}});
            expect("headers");
          }
          std::size_t missing = 0;
          for (int twice = 0; twice < 2; ++twice) {
            add(wanted);
            missing = 0;
            for (const auto& x : wanted.entries) {
              if (x.is_block())
                expect("block");
              missing += x.is_transaction() ? 1 : 0;
            }
            if (missing > 0)
              expect("notfound");
          }
          if (with_headers) { // else it may overtake, as nothing is to be fenced
            add(wire::ping{++nonce});
            expect("pong");
          }
          CAPTURE(expected);
          remote.send_raw(all);
          world.run(); // and no time passes
          CHECK(remote.take_commands() == expected);
        }
}

TEST_CASE("a block or transaction speaks for its peer only if the node can use it") {
  for (const bool wanted : {false, true}) {
    simulation world;
    service_script script;
    script.wants_bodies = wanted;
    world.context->service = world.system.spawn(scripted_service, script);
    auto remote = world.ready_inbound();
    const auto client = world.take_client();
    const auto chain = regtest_chain::generate(1, 1);
    remote.send(chain->at(1));
    remote.send(wire::tx{wire::slice::adopt(std::vector<std::byte>(60))});
    world.run();
    const auto seen = world.snapshot(client);
    CHECK((seen.last_block > 0) == wanted);
    CHECK((seen.last_transaction > 0) == wanted);
  }
}

TEST_CASE("a pong does not overtake the answer to what was asked before its ping") {
  simulation world;
  auto remote = world.ready_inbound();
  remote.take();
  std::vector<std::byte> all; // one segment: the node has no time to answer in between
  for (const auto& x : std::vector<wire::message>{
         wire::ping{1}, wire::getheaders{70016, {}, {}}, wire::ping{2}, wire::ping{3}}) {
    auto bytes = wire::encode(remote.magic(), x);
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  remote.send_raw(all);
  world.run();
  CHECK(remote.take_commands() == "pong headers pong pong");
}

TEST_CASE("I11: a length has one limit, before the handshake for all that is too long") {
  for (bool ready : {false, true}) {
    simulation world;
    auto remote = ready ? world.ready_inbound() : world.open_inbound();
    auto limit = ready ? wire::limits::payload : wire::limits::skipped_before_handshake;
    remote.send_raw(raw("version", {}, limit)(remote.magic()));
    world.run();
    CHECK_FALSE(remote.saw_end()); // at the limit: it may still come
    auto other = ready ? world.ready_inbound() : world.open_inbound();
    other.send_raw(raw("version", {}, limit + 1)(remote.magic()));
    world.run();
    CHECK(other.saw_end());
  }
}

TEST_CASE(
  "I12: a remote that asks for much and reads nothing stalls, and loses nothing") {
  simulation world;
  // Ten blocks of 1 MB each are what it asks for, five times over.
  auto asked = std::make_shared<std::size_t>(0);
  service_script script;
  script.on_block = [asked](const serve_block& x) {
    ++*asked;
    std::vector<std::byte> bytes(1'000'000);
    std::memcpy(bytes.data() + 4, x.hash.bytes.data(), 32);
    return wire::block{wire::slice::adopt(std::move(bytes))};
  };
  world.context->service = world.system.spawn(scripted_service, script);
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.take();
  remote.stop_reading();
  wire::getdata wanted;
  for (std::uint8_t i = 0; i < 10; ++i) {
    wire::hash256 hash;
    hash.bytes[0] = i;
    wanted.entries.push_back({wire::inv_block, hash});
  }
  for (int i = 0; i < 5; ++i)
    remote.send(wanted);
  // It goes on asking: what we do not read stays with it.
  for (int i = 0; i < 2'000; ++i)
    remote.send(wire::getheaders{70016, {}, {}});
  world.run();
  auto seen = world.snapshot(client);
  CHECK(seen.unsent_bytes <= unsent_pause + 1'000'100);
  CHECK(seen.reading_paused);
  // One read may bring more than the bound; then reading stops.
  CHECK(seen.inbound_backlog < inbound_requests::max_items + 256 * 1024 / 61);
  CHECK(*asked <= 3);
  CHECK_FALSE(remote.saw_end());

  remote.resume_reading();
  world.run();
  std::size_t blocks_received = 0, headers_received = 0;
  for (const auto& x : remote.take()) {
    blocks_received += std::holds_alternative<wire::block>(x) ? 1 : 0;
    headers_received += std::holds_alternative<wire::headers>(x) ? 1 : 0;
  }
  CHECK(blocks_received == 50);
  CHECK(headers_received == 2'000);
  CHECK(world.snapshot(client).unsent_bytes == 0);
}

TEST_CASE("I12: no more is read ahead of the work than a few batches") {
  simulation world;
  auto remote = world.ready_inbound();
  const auto& received = world.sockets->totals().received;
  const auto ping_size = wire::encode(remote.magic(), wire::ping{1}).size();
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    const auto before = received.load();
    for (std::uint64_t i = 1; i <= 10; ++i)
      remote.send(wire::ping{i}); // nothing runs in between
    CHECK(received - before == batches_ahead * ping_size);
    world.run();
    CHECK(received - before == 10 * ping_size);
  }
}

TEST_CASE("I12: a remote that reads nothing while we push ends at the bound") {
  simulation world;
  auto remote = world.ready_inbound();
  auto client = world.take_client();
  remote.take();
  remote.stop_reading();
  caf::scoped_actor observer{world.system, true};
  observer->monitor(client);
  for (int i = 0; i < 12; ++i) {
    world.ask<caf::unit_t>(
      client, send_transaction{{wire::slice::adopt(std::vector<std::byte>(1'000'000))}});
    world.run();
  }
  CHECK(remote.saw_end());
  observer->receive(
    [](const caf::down_msg& x) {
      CHECK(exit_of(x.reason) == peer_exit::unsent_overflow);
    },
    caf::after(0s) >> [] { FAIL("the peer is still there"); });
}

TEST_CASE("any split of a session into segments is the same session") {
  for (std::size_t piece : {1u, 7u, 24u, 100u, 1'000'000u}) {
    CAPTURE(piece);
    simulation world;
    auto remote = world.open_inbound();
    std::vector<std::byte> all;
    auto add = [&](const wire::message& x) {
      auto bytes = wire::encode(remote.magic(), x);
      all.insert(all.end(), bytes.begin(), bytes.end());
    };
    add(remote_version());
    add(wire::wtxidrelay{});
    add(wire::verack{});
    for (std::uint64_t i = 0; i < 3'000; ++i)
      add(wire::ping{i});
    add(wire::getheaders{70016, {}, {}});
    for (std::size_t at = 0; at < all.size(); at += piece) {
      auto end = std::min(at + piece, all.size());
      remote.send_raw(
        {all.begin() + static_cast<long>(at), all.begin() + static_cast<long>(end)});
      world.run();
    }
    std::uint64_t next = 0;
    bool headers_came = false;
    for (const auto& x : remote.take()) {
      if (const auto* pong = std::get_if<wire::pong>(&x))
        CHECK(pong->nonce == next++);
      headers_came |= std::holds_alternative<wire::headers>(x);
    }
    CHECK(next == 3'000);
    CHECK(headers_came);
  }
}
