// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/remotes/strangers.hpp"

#include "messages/wire/addresses.hpp"
#include "tests/simulation/internet/simulated_node.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace peerage::test {

namespace {

using namespace std::chrono_literals;

/// Of floods: messages at a time, and how often.
constexpr std::size_t burst = 50;
constexpr std::size_t bursts = 100;
constexpr std::chrono::milliseconds burst_pause{100};

wire::hash256 drawn_hash(random_source& draws) {
  wire::hash256 result;
  for (auto& byte : result.bytes)
    byte = static_cast<std::uint8_t>(draws.next());
  return result;
}

std::vector<std::byte> noise(random_source& draws, std::size_t size) {
  std::vector<std::byte> result(size);
  for (auto& x : result)
    x = static_cast<std::byte>(draws.next());
  return result;
}

std::vector<wire::inventory_entry>
drawn_inventory(random_source& draws, std::size_t count, std::uint32_t type) {
  std::vector<wire::inventory_entry> result(count);
  for (auto& x : result)
    x = {type, drawn_hash(draws)};
  return result;
}

/// Some of them can be nobody's: private, loopback, multicast.
wire::addr drawn_addresses(random_source& draws, std::size_t count) {
  constexpr std::array<std::uint8_t, 3> nobodys{10, 127, 224};
  wire::addr result;
  for (std::size_t i = 0; i < count; ++i) {
    const auto first = draws.below(8) == 0 ? nobodys.at(draws.below(nobodys.size()))
                                           : 40 + draws.below(60);
    const auto at = ipv4_endpoint(static_cast<std::uint8_t>(first),
                                  static_cast<std::uint8_t>(draws.below(256)),
                                  static_cast<std::uint8_t>(draws.below(256)),
                                  static_cast<std::uint8_t>(draws.below(256)), 8333);
    result.entries.push_back({1'760'000'000, {wire::node_network, at.ip, at.port}});
  }
  return result;
}

// -- silence ---------------------------------------------------------------------------

/// Says nothing at all.
class mute : public remote {
public:
  using remote::remote;
  void on_open() override {}
  void on_message(const wire::message&) override {}
};

/// Says version, and nothing more.
class silent_after_version : public remote {
public:
  using remote::remote;
  void on_message(const wire::message& x) override {
    if (std::holds_alternative<wire::version>(x))
      send_version();
  }
};

/// Shakes hands, and answers nothing.
class silent_after_handshake : public remote {
public:
  using remote::remote;
  void on_message(const wire::message& x) override {
    if (!ready_)
      remote::on_message(x);
  }
  void on_ready() override { ready_ = true; }

private:
  bool ready_ = false;
};

// -- slowness --------------------------------------------------------------------------

/// Asks for all there is, and does not read.
class slow_reader : public remote {
public:
  using remote::remote;
  void on_ready() override {
    reads = false;
    repeat(burst_pause, bursts, [this] {
      wire::getheaders all;
      all.protocol = 70016;
      for (std::size_t i = 0; i < burst; ++i)
        send(all);
    });
    later(1min, [this] {
      reads = true;
      if (const auto to = other.lock())
        to->flush();
    });
  }
};

/// A byte now and then.
class slow_writer : public remote {
public:
  using remote::remote;
  void on_open() override {
    const auto bytes = wire::encode(world::network().magic, greeting);
    auto next = std::make_shared<std::size_t>(0);
    repeat(500ms, bytes.size(), [this, bytes, next] { send_bytes({bytes[(*next)++]}); });
  }
  void on_message(const wire::message& x) override {
    if (!std::holds_alternative<wire::version>(x))
      remote::on_message(x);
  }
};

// -- noise -----------------------------------------------------------------------------

class garbage : public remote {
public:
  using remote::remote;
  void on_open() override { send_bytes(noise(draws(), 1 + draws().below(4'000))); }
};

/// Well-behaved, until it is not.
class garbage_after_handshake : public remote {
public:
  using remote::remote;
  void on_ready() override {
    later(1s, [this] { send_bytes(noise(draws(), 1 + draws().below(100'000))); });
  }
};

class wrong_magic : public remote {
public:
  using remote::remote;
  void on_open() override {
    send_bytes(wire::encode(world::network().magic ^ 1, greeting));
  }
};

/// Damaged payloads, of messages of all kinds.
class bad_checksums : public remote {
public:
  using remote::remote;
  void on_ready() override {
    repeat(1s, 60, [this] {
      auto bytes = wire::encode(world::network().magic, drawn_addresses(draws(), 3));
      bytes.back() ^= std::byte{1};
      send_bytes(std::move(bytes));
    });
  }
};

/// Announces a payload that no limit allows.
class giant : public remote {
public:
  using remote::remote;
  void on_ready() override {
    auto bytes = wire::encode(world::network().magic, wire::ping{1});
    bytes[16] = bytes[17] = bytes[18] = bytes[19] = std::byte{0x7f};
    send_bytes(std::move(bytes));
  }
};

/// Announces as much as is allowed to peers, and sends little of it.
std::vector<std::byte> announced(random_source& draws, std::string_view command) {
  auto bytes = wire::encode(world::network().magic, wire::ping{draws.next()});
  std::fill_n(bytes.begin() + 4, 12, std::byte{0});
  std::transform(command.begin(), command.end(), bytes.begin() + 4,
                 [](char c) { return static_cast<std::byte>(c); });
  for (std::size_t i = 0; i < 4; ++i)
    bytes[16 + i] = static_cast<std::byte>(wire::limits::payload >> (8 * i));
  const auto beginning = noise(draws, 1 + draws.below(20'000));
  bytes.insert(bytes.end(), beginning.begin(), beginning.end());
  return bytes;
}

class announces_at_once : public remote {
public:
  using remote::remote;
  void on_open() override { send_bytes(announced(draws(), "version")); }
};

class announces : public remote {
public:
  using remote::remote;
  void on_ready() override { send_bytes(announced(draws(), "block")); }
};

// -- floods ----------------------------------------------------------------------------

template <class Make>
class flooder : public remote {
public:
  using remote::remote;
  void on_ready() override {
    repeat(burst_pause, bursts, [this] {
      for (std::size_t i = 0; i < burst; ++i)
        send(Make{}(draws()));
    });
  }
};

struct a_ping {
  wire::message operator()(random_source& draws) const {
    return wire::ping{draws.next()};
  }
};
struct an_addr {
  wire::message operator()(random_source& draws) const {
    return drawn_addresses(draws, 1 + draws.below(20));
  }
};
struct an_inv {
  wire::message operator()(random_source& draws) const {
    return wire::inv{drawn_inventory(draws, 1 + draws.below(100), wire::inv_tx)};
  }
};
struct a_getdata {
  wire::message operator()(random_source& draws) const {
    return wire::getdata{drawn_inventory(draws, 1 + draws.below(50), wire::inv_block)};
  }
};
struct a_headers {
  wire::message operator()(random_source&) const { return wire::headers{}; }
};
struct a_getheaders {
  wire::message operator()(random_source& draws) const {
    return wire::getheaders{70016, {drawn_hash(draws)}, {}};
  }
};

// -- lies ------------------------------------------------------------------------------

/// Announces blocks that it does not have.
class lying_inventory : public remote {
public:
  using remote::remote;
  void on_ready() override {
    repeat(1s, 60,
           [this] { send(wire::inv{drawn_inventory(draws(), 3, wire::inv_block)}); });
  }
  void on_message(const wire::message& x) override {
    if (!std::holds_alternative<wire::getdata>(x) || draws().below(2) == 0)
      remote::on_message(x);
  }
};

/// Answers, but when nobody waits any more.
class late_answers : public remote {
public:
  using remote::remote;
  void on_message(const wire::message& x) override {
    if (std::holds_alternative<wire::version>(x) ||
        std::holds_alternative<wire::verack>(x) || std::holds_alternative<wire::ping>(x))
      remote::on_message(x);
    else
      later(30s, [this, x] { remote::on_message(x); });
  }
};

/// Answers what nobody asked.
class unasked_answers : public remote {
public:
  using remote::remote;
  void on_ready() override {
    repeat(500ms, 100, [this] {
      switch (draws().below(5)) {
      case 0: return send(wire::pong{draws().next()});
      case 1: return send(wire::headers{});
      case 2: return send(wire::notfound{drawn_inventory(draws(), 2, wire::inv_block)});
      case 3: return send(wire::verack{});
      default: return send(wire::block{{wire::slice::copy_of(noise(draws(), 200))}});
      }
    });
  }
};

/// The other one's headers are no chain.
class unlinked_headers : public remote {
public:
  using remote::remote;
  void on_message(const wire::message& x) override {
    if (!std::holds_alternative<wire::getheaders>(x))
      return remote::on_message(x);
    wire::headers lies;
    lies.entries.resize(2 + draws().below(10));
    for (auto& header : lies.entries)
      header.previous = drawn_hash(draws());
    send(lies);
  }
};

// -- ends ------------------------------------------------------------------------------

/// Hangs up behind the n-th message that it hears, n drawn.
class hangs_up : public remote {
public:
  hangs_up(world& in, bool dials) : remote(in, dials), left_(in.draws().below(9)) {}
  void on_open() override {
    if (left_ == 0)
      return leave();
    remote::on_open();
  }
  void on_message(const wire::message& x) override {
    if (left_ > 0 && --left_ == 0)
      return leave();
    remote::on_message(x);
  }

private:
  void leave() {
    if (draws().below(2) == 0)
      close();
    else
      reset();
  }
  std::uint64_t left_;
};

/// Ends inside of a message.
class truncates : public remote {
public:
  using remote::remote;
  void on_ready() override {
    later(2s, [this] {
      auto bytes = wire::encode(world::network().magic, drawn_addresses(draws(), 5));
      bytes.resize(bytes.size() / 2);
      send_bytes(std::move(bytes));
      close();
    });
  }
};

// -- others ----------------------------------------------------------------------------

/// Of two connections, one is polite and the other floods.
class two_faces : public remote {
public:
  using remote::remote;
  void on_ready() override {
    if (draws().below(2) == 0)
      return;
    repeat(burst_pause, bursts, [this] { send(a_ping{}(draws())); });
  }
};

/// A node of 2013: no features, no relay flag, addresses in the old form.
class node_of_2013 : public remote {
public:
  node_of_2013(world& in, bool dials) : remote(in, dials) {
    greeting.protocol = 70001;
    greeting.services = wire::node_network;
    greeting.user_agent = "/Satoshi:0.8.5/";
  }
  void on_ready() override {
    send(wire::getaddr{});
    send(wire::getblocks{70001, {}, {}});
    send(drawn_addresses(draws(), 1));
  }
};

/// A node of today, with all its small talk.
class node_of_today : public remote {
public:
  using remote::remote;
  void on_ready() override {
    send(wire::sendheaders{});
    send(wire::sendcmpct{false, 2});
    send(wire::feefilter{1'000});
    if (has_dialed())
      send(wire::getaddr{});
    send(wire::getheaders{70016, {}, {}});
  }
};

template <class Remote>
std::shared_ptr<remote> make(world& in, bool dials) {
  return std::make_shared<Remote>(in, dials);
}

} // namespace

const std::vector<stranger>& strangers() {
  static const std::vector<stranger> result{
    {"polite", make<remote>},
    {"mute", make<mute>},
    {"silent after version", make<silent_after_version>},
    {"silent after the handshake", make<silent_after_handshake>},
    {"slow reader", make<slow_reader>},
    {"slow writer", make<slow_writer>},
    {"garbage", make<garbage>},
    {"garbage after the handshake", make<garbage_after_handshake>},
    {"wrong magic", make<wrong_magic>},
    {"bad checksums", make<bad_checksums>},
    {"giant", make<giant>},
    {"announces at once", make<announces_at_once>},
    {"announces", make<announces>},
    {"flood of ping", make<flooder<a_ping>>},
    {"flood of addr", make<flooder<an_addr>>},
    {"flood of inv", make<flooder<an_inv>>},
    {"flood of getdata", make<flooder<a_getdata>>},
    {"flood of headers", make<flooder<a_headers>>},
    {"flood of getheaders", make<flooder<a_getheaders>>},
    {"lying inventory", make<lying_inventory>},
    {"late answers", make<late_answers>},
    {"answers to nothing", make<unasked_answers>},
    {"unlinked headers", make<unlinked_headers>},
    {"hangs up", make<hangs_up>},
    {"truncates", make<truncates>},
    {"reconnect storm", make<hangs_up>, true},
    {"two faces", make<two_faces>},
    {"node of 2013", make<node_of_2013>},
    {"node of today", make<node_of_today>},
  };
  return result;
}

stranger_host::stranger_host(world& in, const stranger& kind,
                             const host_conditions& machine)
    : world_(in), kind_(kind), host_(in.net().add_host(in.next_address(), machine)) {
  in.net().answer_at(host_, world::network().port,
                     [&in, &kind](const endpoint&) { return kind.make(in, false); });
}

endpoint stranger_host::place() const {
  return world_.net().address_of(host_).with_port(world::network().port);
}

void stranger_host::dial(const endpoint& node) {
  world_.net().dial_from(host_, node, kind_.make(world_, true));
}

void stranger_host::dial_on(caf::timespan pause) {
  going_ = true;
  world_.every(kind_.insists ? caf::timespan{50ms} : pause, [this] {
    const auto& nodes = world_.nodes();
    if (going_ && !nodes.empty())
      dial(nodes[world_.draws().below(nodes.size())]->place());
    return going_;
  });
}

} // namespace peerage::test
