// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/codec.hpp"
#include "messages/wire/envelope.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// Seeded, well-formed messages of every type, the same on every machine: the engine is
/// fixed by the standard, and no distribution (which is not) is used.
namespace peerage::test {

class message_generator {
public:
  explicit message_generator(std::uint64_t seed) : engine_(seed) {}

  // -- plain values --------------------------------------------------------------------

  /// Edge values now and then, so that widths and signs are exercised.
  template <class T>
  T number() {
    switch (engine_() % 8) {
    case 0: return static_cast<T>(0);
    case 1: return static_cast<T>(~std::uint64_t{0});
    case 2: return static_cast<T>(std::uint64_t{1} << (sizeof(T) * 8 - 1));
    default: return static_cast<T>(engine_());
    }
  }

  std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }

  bool coin() { return (engine_() & 1) != 0; }

  std::vector<std::byte> bytes(std::size_t count) {
    std::vector<std::byte> result(count);
    for (auto& byte : result)
      byte = static_cast<std::byte>(engine_());
    return result;
  }

  std::string text(std::size_t longest) {
    std::string result(below(longest + 1), '\0');
    for (auto& c : result)
      c = static_cast<char>(engine_());
    return result;
  }

  wire::hash256 hash() {
    wire::hash256 result;
    for (auto& byte : result.bytes)
      byte = static_cast<std::uint8_t>(engine_());
    return result;
  }

  // -- messages ------------------------------------------------------------------------

  /// A message of that type; `opaque` for types whose payload is not parsed.
  wire::message message(wire::command type) {
    using wire::command;
    switch (type) {
    case command::version: return version();
    case command::verack: return wire::verack{};
    case command::ping: return wire::ping{number<std::uint64_t>()};
    case command::pong: return wire::pong{number<std::uint64_t>()};
    case command::getaddr: return wire::getaddr{};
    case command::addr: return addr();
    case command::addrv2: return addrv2();
    case command::sendaddrv2: return wire::sendaddrv2{};
    case command::wtxidrelay: return wire::wtxidrelay{};
    case command::inv: return wire::inv{inventory()};
    case command::getdata: return wire::getdata{inventory()};
    case command::notfound: return wire::notfound{inventory()};
    case command::getheaders:
      return wire::getheaders{number<std::uint32_t>(), hashes(101), hash()};
    case command::headers: return headers();
    case command::getblocks:
      return wire::getblocks{number<std::uint32_t>(), hashes(101), hash()};
    case command::block: return block();
    case command::tx: return wire::tx{wire::slice::adopt(transaction(coin()))};
    case command::mempool: return wire::mempool{};
    case command::sendheaders: return wire::sendheaders{};
    case command::sendcmpct: return wire::sendcmpct{coin(), number<std::uint64_t>()};
    case command::feefilter: return wire::feefilter{number<std::uint64_t>()};
    case command::reject:
      return wire::reject{text(12), number<std::uint8_t>(), text(111),
                          wire::slice::adopt(bytes(coin() ? 32 : 0))};
    // Longer than their fields at times, as others may be.
    case command::getcfilters:
    case command::getcfheaders:
      return wire::opaque{type, wire::slice::adopt(bytes(37 + below(20)))};
    case command::getcfcheckpt:
      return wire::opaque{type, wire::slice::adopt(bytes(33 + below(20)))};
    default: return wire::opaque{type, wire::slice::adopt(bytes(below(200)))};
    }
  }

  wire::block_header header() {
    return {number<std::int32_t>(),
            hash(),
            hash(),
            number<std::uint32_t>(),
            number<std::uint32_t>(),
            number<std::uint32_t>()};
  }

  /// A transaction in the form of BIP 144 if `witnesses`, else in the old form. The first
  /// input has a witness then: a node refuses the new form without any.
  std::vector<std::byte> transaction(bool witnesses) {
    std::vector<std::byte> out;
    auto inputs = 1 + below(4), outputs = 1 + below(4);
    append(out, number<std::int32_t>());
    if (witnesses)
      append(out, std::uint16_t{0x0100}); // marker 0, flag 1
    append(out, static_cast<std::uint8_t>(inputs));
    for (std::size_t i = 0; i < inputs; ++i) {
      append_bytes(out, bytes(36));
      append_sized(out, below(coin() ? 20 : 400));
      append(out, number<std::uint32_t>());
    }
    append(out, static_cast<std::uint8_t>(outputs));
    for (std::size_t i = 0; i < outputs; ++i) {
      append(out, number<std::uint64_t>());
      append_sized(out, below(60));
    }
    for (std::size_t i = 0; witnesses && i < inputs; ++i) {
      auto items = i == 0 ? 1 + below(3) : below(3);
      append(out, static_cast<std::uint8_t>(items));
      for (std::size_t j = 0; j < items; ++j)
        append_sized(out, below(300));
    }
    append(out, number<std::uint32_t>());
    return out;
  }

private:
  template <class T>
  static void append(std::vector<std::byte>& out, T x) {
    auto bits = static_cast<std::uint64_t>(x);
    for (std::size_t i = 0; i < sizeof(T); ++i)
      out.push_back(static_cast<std::byte>(bits >> (8 * i)));
  }

  static void append_bytes(std::vector<std::byte>& out,
                           const std::vector<std::byte>& more) {
    out.insert(out.end(), more.begin(), more.end());
  }

  /// A compact size, then that many bytes; at most 65,535.
  void append_sized(std::vector<std::byte>& out, std::size_t count) {
    if (count < 0xfd) {
      append(out, static_cast<std::uint8_t>(count));
    } else {
      append(out, std::uint8_t{0xfd});
      append(out, static_cast<std::uint16_t>(count));
    }
    append_bytes(out, bytes(count));
  }

  /// Few entries mostly, and counts around the change of compact size sometimes.
  std::size_t count(std::size_t limit) {
    auto result = below(8) == 0 ? 250 + below(10) : below(8);
    return result < limit ? result : limit;
  }

  wire::socket_address address() {
    wire::socket_address result{number<std::uint64_t>(), {}, number<std::uint16_t>()};
    for (auto& byte : result.ip)
      byte = static_cast<std::uint8_t>(engine_());
    if (coin()) // IPv4
      for (std::size_t i = 0; i < 12; ++i)
        result.ip[i] = i < 10 ? 0 : 0xff;
    return result;
  }

  wire::message version() {
    wire::version x;
    x.protocol = static_cast<std::int32_t>(70'001 + below(20));
    x.services = number<std::uint64_t>();
    x.time = number<std::int64_t>();
    x.receiver = address();
    x.sender = address();
    x.nonce = number<std::uint64_t>();
    x.user_agent = text(256);
    x.start_height = number<std::int32_t>();
    x.relay = coin();
    return x;
  }

  wire::message addr() {
    wire::addr x;
    x.entries.resize(count(1'000));
    for (auto& entry : x.entries)
      entry = {number<std::uint32_t>(), address()};
    return x;
  }

  wire::message addrv2() {
    // Network id and address length of BIP 155; the last two stand for networks to come.
    static constexpr std::pair<std::uint8_t, std::size_t> networks[] = {
      {1, 4}, {2, 16}, {4, 32}, {5, 32}, {6, 16}, {0xaa, 0}, {0x7f, 512}};
    wire::addrv2 x;
    x.entries.resize(count(1'000));
    for (auto& entry : x.entries) {
      auto [id, length] = networks[below(std::size(networks))];
      entry.time = number<std::uint32_t>();
      entry.services = number<std::uint64_t>() >> below(64);
      entry.network_id = id;
      for (auto byte : bytes(length))
        entry.bytes.push_back(std::to_integer<std::uint8_t>(byte));
      entry.port = number<std::uint16_t>();
    }
    return x;
  }

  std::vector<wire::inventory_entry> inventory() {
    static constexpr std::uint32_t types[] = {1, 2, 3, 4, 5, 1u << 30 | 1, 1u << 30 | 2};
    std::vector<wire::inventory_entry> result(count(50'000));
    for (auto& entry : result)
      entry = {coin() ? types[below(std::size(types))] : number<std::uint32_t>(), hash()};
    return result;
  }

  std::vector<wire::hash256> hashes(std::size_t limit) {
    std::vector<wire::hash256> result(count(limit));
    for (auto& entry : result)
      entry = hash();
    return result;
  }

  wire::message headers() {
    wire::headers x;
    x.entries.resize(count(2'000));
    for (auto& entry : x.entries)
      entry = header();
    return x;
  }

  wire::message block() {
    auto out = bytes(80);
    auto transactions = 1 + below(5);
    append(out, static_cast<std::uint8_t>(transactions));
    for (std::size_t i = 0; i < transactions; ++i)
      append_bytes(out, transaction(coin()));
    return wire::block{wire::slice::adopt(std::move(out))};
  }

  std::mt19937_64 engine_;
};

/// Every command of the list but `unknown`.
inline std::vector<wire::command> all_commands() {
  std::vector<wire::command> result;
  for (std::size_t i = 1; i < wire::command_count; ++i)
    result.push_back(static_cast<wire::command>(i));
  return result;
}

} // namespace peerage::test
