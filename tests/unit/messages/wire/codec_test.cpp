// SPDX-License-Identifier: MIT
#include "messages/wire/codec.hpp"
#include "messages/wire/limits.hpp"
#include "tests/support/random_messages.hpp"
#include "tests/unit/messages/allocations.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <optional>

using namespace peerage;
using namespace peerage::wire;

namespace {

/// Bytes put together by hand, without the codec under test.
struct raw {
  std::vector<std::byte> bytes;

  template <class T>
  raw& number(T x) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(x) >> (8 * i)));
    return *this;
  }
  raw& zeros(std::size_t count) {
    bytes.resize(bytes.size() + count);
    return *this;
  }
  /// The shortest form.
  raw& size(std::uint64_t x) {
    if (x < 0xfd)
      return number(static_cast<std::uint8_t>(x));
    if (x <= 0xffff)
      return number(std::uint8_t{0xfd}).number(static_cast<std::uint16_t>(x));
    if (x <= 0xffffffff)
      return number(std::uint8_t{0xfe}).number(static_cast<std::uint32_t>(x));
    return number(std::uint8_t{0xff}).number(x);
  }
};

decode_result decode_bytes(command type, const std::vector<std::byte>& bytes,
                           message& out) {
  return decode(type, slice::copy_of(bytes), out);
}

decode_result decode_bytes(command type, const std::vector<std::byte>& bytes) {
  message ignored_value;
  return decode_bytes(type, bytes, ignored_value);
}

std::vector<std::byte> payload_of(const message& x) {
  std::vector<std::byte> result;
  encode_payload(x, result);
  return result;
}

/// How many bytes of a payload must be there; fewer are malformed. Fields behind that may
/// be missing, at the given lengths only.
bool may_end_at(const message& x, std::size_t length, std::size_t whole) {
  if (const auto* v = std::get_if<version>(&x)) {
    const std::size_t agent_end =
      80 + (v->user_agent.size() < 0xfd ? 1u : 3u) + v->user_agent.size();
    return length == 46 || length == 80 || length == agent_end ||
           length == agent_end + 4 || length == whole;
  }
  if (std::holds_alternative<block>(x))
    return length >= 81; // the body is not looked into
  if (std::holds_alternative<tx>(x))
    return length >= 10;
  if (const auto* unread = std::get_if<opaque>(&x)) {
    if (unread->type == command::getcfilters || unread->type == command::getcfheaders)
      return length >= 37; // what has fields is to hold them all
    return unread->type != command::getcfcheckpt || length >= 33;
  }
  if (const auto* r = std::get_if<reject>(&x))
    return length >= whole - r->data.size();
  return length == whole;
}

/// A list message with `count` entries of zeros, and what stands around the list.
struct limited_list {
  command type;
  std::size_t limit;
  std::size_t entry; ///< Bytes of the smallest entry.
  std::size_t before, after;

  raw with(std::uint64_t count, std::size_t entries) const {
    raw result;
    result.zeros(before).size(count).zeros(entries * entry).zeros(after);
    return result;
  }
};

constexpr limited_list lists[] = {
  {command::addr, 1'000, 30, 0, 0},      {command::addrv2, 1'000, 9, 0, 0},
  {command::inv, 50'000, 36, 0, 0},      {command::getdata, 50'000, 36, 0, 0},
  {command::notfound, 50'000, 36, 0, 0}, {command::headers, 2'000, 81, 0, 0},
  {command::getheaders, 101, 32, 4, 32}, {command::getblocks, 101, 32, 4, 32},
};

} // namespace

TEST_CASE("every message survives encoding and decoding") {
  test::message_generator random{20'240'501};
  for (auto type : test::all_commands()) {
    CAPTURE(to_string(type));
    for (int i = 0; i < 300; ++i) {
      auto x = random.message(type);
      REQUIRE(command_of(x) == type);
      auto bytes = payload_of(x);
      message y;
      REQUIRE(decode_bytes(type, bytes, y) == decode_result::ok);
      REQUIRE(command_of(y) == type);
      REQUIRE(x == y);
      REQUIRE(payload_of(y) == bytes);
    }
  }
}

TEST_CASE("every truncation is malformed, but where fields are optional") {
  test::message_generator random{7};
  for (auto type : test::all_commands()) {
    CAPTURE(to_string(type));
    for (int i = 0; i < 12; ++i) {
      auto x = random.message(type);
      auto bytes = payload_of(x);
      // Each length of the first and last few hundred, and a spread of those between.
      for (std::size_t length = 0; length <= bytes.size(); ++length) {
        if (length > 400 && length + 400 < bytes.size() && length % 97 != 0)
          continue;
        CAPTURE(length);
        auto part = bytes;
        part.resize(length);
        part.shrink_to_fit(); // a read behind the end is seen by AddressSanitizer
        auto expected = may_end_at(x, length, bytes.size()) ? decode_result::ok
                                                            : decode_result::malformed;
        REQUIRE(decode_bytes(type, part) == expected);
      }
    }
  }
}

TEST_CASE("bytes behind the last field are ignored") {
  test::message_generator random{11};
  for (auto type : test::all_commands()) {
    auto x = random.message(type);
    // These keep all bytes, as they came.
    if (type == command::block || type == command::tx || type == command::reject ||
        std::holds_alternative<opaque>(x))
      continue;
    CAPTURE(to_string(type));
    auto bytes = payload_of(x);
    for (auto byte : random.bytes(40))
      bytes.push_back(byte);
    message y;
    REQUIRE(decode_bytes(type, bytes, y) == decode_result::ok);
    REQUIRE(x == y);
  }
}

TEST_CASE("random payloads never crash, and what is read can be written and read again") {
  test::message_generator random{13};
  for (auto type : test::all_commands())
    for (int i = 0; i < 2'000; ++i) {
      auto bytes = random.bytes(random.below(300));
      if (!bytes.empty() && random.coin())
        bytes[0] = static_cast<std::byte>(random.below(12)); // counts that fit
      message x, y;
      if (decode_bytes(type, bytes, x) != decode_result::ok)
        continue;
      CAPTURE(to_string(type));
      REQUIRE(decode_bytes(type, payload_of(x), y) == decode_result::ok);
      REQUIRE(x == y);
    }
}

TEST_CASE("an entry count is accepted up to its limit and ends the peer beyond") {
  for (const auto& list : lists) {
    CAPTURE(to_string(list.type));
    CHECK(decode_bytes(list.type, list.with(0, 0).bytes) == decode_result::ok);
    CHECK(decode_bytes(list.type, list.with(list.limit, list.limit).bytes) ==
          decode_result::ok);
    CHECK(decode_bytes(list.type, list.with(list.limit + 1, list.limit + 1).bytes) ==
          decode_result::over_limit);
  }
}

TEST_CASE("only entries that are there break a limit, a count alone is malformed") {
  for (const auto& list : lists) {
    CAPTURE(to_string(list.type));
    const auto over = list.limit + 1;
    for (auto count : {std::uint64_t{over}, std::uint64_t{1} << 32,
                       // Multiplied by the size of an entry these wrap around to little.
                       std::uint64_t{1} << 59, std::uint64_t{1} << 63,
                       ~std::uint64_t{0} / list.entry + 1, ~std::uint64_t{0}})
      CHECK(decode_bytes(list.type, list.with(count, 0).bytes) ==
            decode_result::malformed);
    // Too many are there, and one less than the count says, or half of it.
    CHECK(decode_bytes(list.type, list.with(over + 1, over).bytes) ==
          decode_result::malformed);
    CHECK(decode_bytes(list.type, list.with(2 * over, over).bytes) ==
          decode_result::malformed);
    // All of them, but not what stands behind them.
    auto cut = list.with(over, over).bytes;
    cut.pop_back();
    CHECK(decode_bytes(list.type, cut) == decode_result::malformed);
    // Bytes behind a count that are no list at all.
    CHECK(decode_bytes(list.type, std::vector<std::byte>(9, std::byte{0xff})) ==
          decode_result::malformed);
  }
  // Too many addresses, of which the last is none.
  raw bytes;
  bytes.size(1'001).zeros(1'000 * 9).zeros(5).number(std::uint8_t{1}).size(3).zeros(5);
  CHECK(decode_bytes(command::addrv2, bytes.bytes) == decode_result::malformed);
}

TEST_CASE("an addrv2 entry of an unknown network spoils nothing, whatever its length") {
  auto list_with = [](int network, std::size_t length) {
    raw bytes;
    bytes.size(3);
    auto entry = [&](std::uint8_t id, std::size_t size) {
      bytes.zeros(4).size(1).number(id).size(size).zeros(size).zeros(2);
    };
    entry(1, 4);
    entry(static_cast<std::uint8_t>(network), length);
    entry(2, 16);
    return bytes.bytes;
  };
  // Tor v2 is no more, and has no right length any more (BIP 155).
  for (int network : {0, 3, 7, 8, 255})
    for (std::size_t length : {0, 1, 4, 10, 16, 32, 512}) {
      message out;
      REQUIRE(decode_bytes(command::addrv2, list_with(network, length), out) ==
              decode_result::ok);
      const auto& entries = std::get<addrv2>(out).entries;
      REQUIRE(entries.size() == 3);
      CHECK(entries[0].network_id == 1);
      CHECK(entries[2].network_id == 2);
    }
  // Where the length is known, another one is meaningless, and so is the message.
  for (int network : {1, 2, 4, 5, 6})
    for (std::size_t length : {0, 1, 5, 10, 33, 512})
      CHECK(decode_bytes(command::addrv2, list_with(network, length)) ==
            decode_result::malformed);
}

TEST_CASE("a count that the payload has no room for takes no memory (I11)") {
  for (const auto& list : lists) {
    CAPTURE(to_string(list.type));
    // One entry short; and all but none of them there.
    for (auto entries : {list.limit - 1, std::size_t{0}}) {
      auto bytes = list.with(list.limit, entries).bytes;
      bytes.resize(bytes.size() - list.after);
      auto payload = slice::copy_of(bytes);
      message out;
      test::allocation_counter counter;
      auto result = decode(list.type, payload, out);
      auto taken = counter.bytes();
      CHECK(result == decode_result::malformed);
      CHECK(taken == 0);
    }
    auto over = slice::copy_of(list.with(list.limit + 1, list.limit + 1).bytes);
    message out;
    test::allocation_counter counter;
    auto result = decode(list.type, over, out);
    auto taken = counter.bytes();
    CHECK(result == decode_result::over_limit);
    CHECK(taken == 0);
  }
}

TEST_CASE("a decoded message takes memory in proportion to its payload (I12)") {
  // The worst case: the smallest entries that each make a struct of their own.
  for (const auto& list : lists) {
    CAPTURE(to_string(list.type));
    auto payload = slice::copy_of(list.with(list.limit, list.limit).bytes);
    message out;
    test::allocation_counter counter;
    auto result = decode(list.type, payload, out);
    auto taken = counter.bytes();
    CHECK(result == decode_result::ok);
    CHECK(taken > 0);
    CHECK(taken <= 8 * payload.size());
  }
}

TEST_CASE("lengths of text and octets are checked before memory is taken") {
  auto version_with_agent = [](std::uint64_t length, std::size_t there) {
    raw bytes;
    bytes.zeros(80).size(length).zeros(there);
    return bytes.bytes;
  };
  CHECK(decode_bytes(command::version, version_with_agent(0, 0)) == decode_result::ok);
  CHECK(decode_bytes(command::version, version_with_agent(256, 256)) ==
        decode_result::ok);
  CHECK(decode_bytes(command::version, version_with_agent(257, 257)) ==
        decode_result::malformed);
  for (auto length : {std::uint64_t{256}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    auto payload = slice::copy_of(version_with_agent(length, 100));
    message out;
    test::allocation_counter counter;
    auto result = decode(command::version, payload, out);
    auto taken = counter.bytes();
    CHECK(result == decode_result::malformed);
    CHECK(taken == 0);
  }

  auto address_of = [](std::uint64_t length) {
    raw bytes;
    bytes.size(1).zeros(4).size(1).number(std::uint8_t{0x99}).size(length);
    bytes.zeros(static_cast<std::size_t>(std::min<std::uint64_t>(length, 600))).zeros(2);
    return bytes.bytes;
  };
  CHECK(decode_bytes(command::addrv2, address_of(0)) == decode_result::ok);
  CHECK(decode_bytes(command::addrv2, address_of(512)) == decode_result::ok);
  CHECK(decode_bytes(command::addrv2, address_of(513)) == decode_result::malformed);
  CHECK(decode_bytes(command::addrv2, address_of(~std::uint64_t{0})) ==
        decode_result::malformed);

  auto reject_of = [](std::size_t message_length, std::size_t reason_length) {
    raw bytes;
    bytes.size(message_length).zeros(message_length).zeros(1);
    bytes.size(reason_length).zeros(reason_length);
    return bytes.bytes;
  };
  CHECK(decode_bytes(command::reject, reject_of(12, 111)) == decode_result::ok);
  CHECK(decode_bytes(command::reject, reject_of(13, 0)) == decode_result::malformed);
  CHECK(decode_bytes(command::reject, reject_of(0, 112)) == decode_result::malformed);
}

TEST_CASE("compact sizes are read in their shortest form only") {
  // The services of an addrv2 entry are the one place where any 64-bit value may stand.
  auto services = [](const raw& size) -> std::optional<std::uint64_t> {
    raw bytes;
    bytes.size(1).zeros(4);
    bytes.bytes.insert(bytes.bytes.end(), size.bytes.begin(), size.bytes.end());
    bytes.number(std::uint8_t{0x99}).size(0).zeros(2);
    message out;
    if (decode_bytes(command::addrv2, bytes.bytes, out) != decode_result::ok)
      return std::nullopt;
    // And written as it was read.
    REQUIRE(payload_of(out) == bytes.bytes);
    return std::get<addrv2>(out).entries.at(0).services;
  };
  auto form = [](std::uint8_t first, auto value) {
    raw bytes;
    bytes.number(first).number(value);
    return bytes;
  };
  for (std::uint64_t x :
       {std::uint64_t{0}, std::uint64_t{0xfc}, std::uint64_t{0xfd}, std::uint64_t{0xff},
        std::uint64_t{0x100}, std::uint64_t{0xffff}, std::uint64_t{0x10000},
        std::uint64_t{0xffffffff}, std::uint64_t{0x100000000}, ~std::uint64_t{0}}) {
    raw shortest;
    shortest.size(x);
    CHECK(services(shortest) == x);
  }
  CHECK(services(form(0xfd, std::uint16_t{0xfd})) == 0xfd);
  CHECK_FALSE(services(form(0xfd, std::uint16_t{0xfc})));
  CHECK_FALSE(services(form(0xfd, std::uint16_t{0})));
  CHECK(services(form(0xfe, std::uint32_t{0x10000})) == 0x10000);
  CHECK_FALSE(services(form(0xfe, std::uint32_t{0xffff})));
  CHECK(services(form(0xff, std::uint64_t{0x100000000})) == 0x100000000);
  CHECK_FALSE(services(form(0xff, std::uint64_t{0xffffffff})));
  CHECK_FALSE(services(form(0xff, std::uint64_t{1})));
}

TEST_CASE("a version may end before its later fields") {
  test::message_generator random{3};
  auto x = std::get<version>(random.message(command::version));
  x.relay = false;
  auto bytes = payload_of(x);
  bytes.pop_back();
  message out;
  REQUIRE(decode_bytes(command::version, bytes, out) == decode_result::ok);
  CHECK(std::get<version>(out).relay); // BIP 37: relay unless told otherwise
  CHECK(std::get<version>(out).start_height == x.start_height);
  CHECK(std::get<version>(out).user_agent == x.user_agent);

  bytes.resize(80);
  REQUIRE(decode_bytes(command::version, bytes, out) == decode_result::ok);
  CHECK(std::get<version>(out).nonce == x.nonce);
  CHECK(std::get<version>(out).user_agent.empty());
}

TEST_CASE("a message that is read into is rid of what it held before") {
  test::message_generator random{5};
  message out = random.message(command::version);
  raw bytes;
  bytes.zeros(46);
  REQUIRE(decode_bytes(command::version, bytes.bytes, out) == decode_result::ok);
  CHECK(std::get<version>(out) == version{});
}

TEST_CASE("a block or transaction refers to the payload instead of copying it") {
  test::message_generator random{9};
  for (auto type : {command::block, command::tx, command::cmpctblock}) {
    auto payload = slice::copy_of(random.bytes(5'000));
    message out;
    test::allocation_counter counter;
    auto result = decode(type, payload, out);
    auto taken = counter.bytes();
    CHECK(result == decode_result::ok);
    CHECK(taken == 0);
    auto first = std::visit(
      [](const auto& x) -> const std::byte* {
        if constexpr (requires { x.bytes.data(); })
          return x.bytes.data();
        else
          return nullptr;
      },
      out);
    CHECK(first == payload.data());
  }
}

TEST_CASE("unknown commands are kept as opaque bytes") {
  message out;
  CHECK(decode_bytes(command::unknown, {}, out) == decode_result::ok);
  CHECK(command_of(out) == command::unknown);
}

TEST_CASE("every command has a word of its own, and is found by it") {
  std::vector<std::string_view> seen;
  for (auto type : test::all_commands()) {
    auto word = to_string(type);
    REQUIRE_FALSE(word.empty());
    REQUIRE(word.size() <= 12);
    CHECK(std::ranges::find(seen, word) == seen.end());
    seen.push_back(word);
    auto field = field_of(type);
    CHECK(std::string_view(field.data(), word.size()) == word);
    CHECK(command_of(field.data()) == type);
    // Filled up with anything but zeros it is another command, as nodes see it.
    if (word.size() < 12) {
      field[11] = 'x';
      CHECK(command_of(field.data()) == command::unknown);
    }
    field = field_of(type);
    field[0] = static_cast<char>(field[0] - 32); // "Ping"
    CHECK(command_of(field.data()) == command::unknown);
  }
  CHECK(command_of(std::string(12, '\0').data()) == command::unknown);
  CHECK(command_of("unknown\0\0\0\0\0") == command::unknown);
  CHECK(to_string(command::unknown) == "unknown");
}
