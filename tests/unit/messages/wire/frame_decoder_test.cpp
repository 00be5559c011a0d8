// SPDX-License-Identifier: MIT
#include "messages/wire/frame_decoder.hpp"
#include "tests/support/random_messages.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace peerage;
using namespace peerage::wire;

namespace {

constexpr std::uint32_t magic = 0xdab5bffa;

std::vector<std::byte> operator+(std::vector<std::byte> a,
                                 const std::vector<std::byte>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// An envelope with any contents.
std::vector<std::byte> envelope_bytes(std::string_view word, std::uint32_t length,
                                      std::uint32_t sum = 0,
                                      std::uint32_t start = magic) {
  std::vector<std::byte> result(envelope_size);
  std::memcpy(result.data(), &start, 4);
  std::memcpy(result.data() + 4, word.data(), word.size());
  std::memcpy(result.data() + 16, &length, 4);
  std::memcpy(result.data() + 20, &sum, 4);
  return result;
}

/// A whole message with a payload of zeros and a checksum that fits.
std::vector<std::byte> message_bytes(std::string_view word, std::size_t length) {
  std::vector<std::byte> payload(length);
  return envelope_bytes(word, static_cast<std::uint32_t>(length), checksum(payload)) +
         payload;
}

frame_decoder ready_decoder() {
  frame_decoder result{magic};
  result.set_payload_limit(limits::payload);
  return result;
}

void check_same(const std::vector<frame>& a, const std::vector<frame>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i].type == b[i].type);
    REQUIRE(a[i].checksum_ok() == b[i].checksum_ok());
    REQUIRE(a[i].checksum == b[i].checksum);
    REQUIRE(a[i].payload == b[i].payload);
  }
}

/// A stream of many messages of every type, and the frames it is to give.
struct sample_stream {
  std::vector<std::byte> bytes;
  std::vector<frame> frames;

  explicit sample_stream(std::uint64_t seed, int rounds) {
    test::message_generator random{seed};
    auto types = test::all_commands();
    for (int i = 0; i < rounds; ++i) {
      auto x = random.message(types[random.below(types.size())]);
      std::vector<std::byte> payload;
      encode_payload(x, payload);
      auto whole = encode(magic, x);
      bool ok = random.below(10) != 0;
      if (!ok)
        whole[20] ^= std::byte{1};
      bytes.insert(bytes.end(), whole.begin(), whole.end());
      auto& expected = frames.emplace_back();
      expected.type = command_of(x);
      expected.intact = ok;
      expected.checksum = read_envelope(whole.data()).checksum;
      expected.payload = slice::adopt(std::move(payload));
    }
  }
};

/// Feeds `bytes` in pieces of what `next_size` says.
template <class F>
std::vector<frame> feed_in_pieces(frame_decoder& decoder, bytes_view bytes, F next_size) {
  std::vector<frame> out;
  while (!bytes.empty()) {
    auto count = std::min<std::size_t>(next_size(), bytes.size());
    // A copy of its own: a decoder that kept a view would be found by AddressSanitizer.
    std::vector<std::byte> piece(bytes.begin(),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(count));
    decoder.feed(piece, out);
    bytes = bytes.subspan(count);
  }
  return out;
}

} // namespace

TEST_CASE("any split of a stream gives the same frames") {
  sample_stream stream{1, 3'000};
  auto check_split = [&](auto next_size) {
    auto decoder = ready_decoder();
    check_same(feed_in_pieces(decoder, stream.bytes, next_size), stream.frames);
    CHECK(decoder.error() == frame_error::none);
    CHECK_FALSE(decoder.mid_message());
    CHECK(decoder.buffered() == 0);
  };
  check_split([&] { return stream.bytes.size(); });
  for (std::size_t size : {1u, 2u, 23u, 24u, 25u, 31u, 32u, 33u, 1'460u, 65'536u}) {
    CAPTURE(size);
    check_split([&] { return size; });
  }
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    test::message_generator random{seed};
    const std::size_t longest = std::size_t{1} << (seed % 16);
    check_split([&] { return 1 + random.below(longest); });
  }
}

TEST_CASE("a wrong magic is found with its fourth byte") {
  for (std::size_t wrong = 0; wrong < 4; ++wrong) {
    auto good = encode(magic, ping{1});
    auto bad = good;
    bad[wrong] ^= std::byte{0x20};
    for (bool after_a_message : {false, true}) {
      frame_decoder decoder{magic};
      std::vector<frame> out;
      if (after_a_message)
        decoder.feed(good, out);
      decoder.feed(bytes_view{bad}.first(3), out);
      CHECK(decoder.error() == frame_error::none);
      decoder.feed(bytes_view{bad}.subspan(3, 1), out);
      CHECK(decoder.error() == frame_error::wrong_magic);
      // Nothing more is read.
      decoder.feed(good, out);
      CHECK(out.size() == (after_a_message ? 1 : 0));
      CHECK(decoder.direct_buffer().empty());
    }
    // In one piece: what stood before it is still delivered.
    frame_decoder decoder{magic};
    std::vector<frame> out;
    decoder.feed(good + bad + good, out);
    CHECK(out.size() == 1);
    CHECK(out[0].checksum_ok());
    CHECK(out[0].payload.size() == 8);
    CHECK(decoder.error() == frame_error::wrong_magic);
    // Right behind a message, too, as soon as four bytes are there.
    frame_decoder short_one{magic};
    out.clear();
    short_one.feed(good + std::vector<std::byte>(bad.begin(), bad.begin() + 4), out);
    CHECK(out.size() == 1);
    CHECK(short_one.error() == frame_error::wrong_magic);
  }
  // HTTP is not this protocol.
  frame_decoder decoder{magic};
  std::vector<frame> out;
  decoder.feed(as_bytes("GET /"), out);
  CHECK(decoder.error() == frame_error::wrong_magic);
}

TEST_CASE("a length over the limit is found before any of the payload") {
  for (bool ready : {false, true}) {
    const std::uint32_t limit =
      ready ? limits::payload : limits::skipped_before_handshake;
    for (std::uint32_t length : {limit, limit + 1, 0xffffffffu}) {
      CAPTURE(length);
      for (bool in_pieces : {false, true}) {
        auto decoder = ready ? ready_decoder() : frame_decoder{magic};
        std::vector<frame> out;
        auto bytes = envelope_bytes("block", length);
        if (in_pieces)
          feed_in_pieces(decoder, bytes, [] { return 5; });
        else
          decoder.feed(bytes, out);
        CHECK(decoder.error() ==
              (length > limit ? frame_error::oversized_payload : frame_error::none));
        CHECK(decoder.buffered() <= (ready ? 64 : 256)); // what is skipped is hashed
        CHECK(decoder.direct_buffer().size() <= limits::read_ahead);
      }
    }
  }
  frame_decoder decoder{magic};
  decoder.set_payload_limit(10);
  std::vector<frame> out;
  decoder.feed(encode(magic, ping{1}) + message_bytes("tx", 11) + encode(magic, ping{2}),
               out);
  CHECK(out.size() == 1);
  CHECK(decoder.error() == frame_error::oversized_payload);
}

TEST_CASE("of what is too long before the handshake only the beginning is kept") {
  constexpr auto kept = limits::payload_before_handshake;
  constexpr auto all = limits::skipped_before_handshake;
  const auto small = encode(magic, ping{1});
  for (std::uint32_t length : {kept + 1, 5'000u, 100'000u, all}) {
    CAPTURE(length);
    const auto stream = small + message_bytes("tx", length) + small;
    for (std::size_t size : {1u, 4'000u, 65'536u, 10'000'000u}) {
      if (size == 1 && length > 5'000)
        continue; // slow, and no other case
      CAPTURE(size);
      frame_decoder decoder{magic};
      std::size_t most = 0;
      auto out = feed_in_pieces(decoder, stream, [&] {
        most = std::max(most, decoder.buffered());
        CHECK(decoder.direct_buffer().empty());
        return size;
      });
      CHECK(most <= 2 * kept + 512); // whatever the length (I11)
      REQUIRE(out.size() == 3);
      CHECK(out[1].type == command::tx);
      CHECK(std::ranges::equal(
        out[1].payload.view(),
        bytes_view{stream}.subspan(small.size() + envelope_size, kept)));
      CHECK(out[1].skipped == length - kept);
      CHECK(out[1].wire_size() == envelope_size + length);
      CHECK(out[1].checksum_ok());
      CHECK(out[2].payload.size() == 8);
      CHECK(decoder.error() == frame_error::none);
      CHECK_FALSE(decoder.mid_message());
      CHECK(decoder.buffered() == 0);
    }
  }
  // A damaged one is known as such, and a truncated one, too.
  auto damaged = message_bytes("tx", 5'000);
  damaged.back() = std::byte{1};
  frame_decoder decoder{magic};
  std::vector<frame> out;
  decoder.feed(damaged, out);
  REQUIRE(out.size() == 1);
  CHECK_FALSE(out[0].checksum_ok());
  decoder.feed(bytes_view{damaged}.first(3'000), out);
  CHECK(decoder.mid_message());
  // Together they have a bound; short ones do not count.
  frame_decoder bounded{magic};
  out.clear();
  bounded.feed(message_bytes("tx", all - 5'000) + message_bytes("tx", kept) +
                 message_bytes("tx", 5'000),
               out);
  CHECK(out.size() == 3);
  CHECK(bounded.error() == frame_error::none);
  bounded.feed(small, out);
  CHECK(out.size() == 4);
  bounded.feed(envelope_bytes("tx", kept + 1), out);
  CHECK(bounded.error() == frame_error::oversized_payload);
  // A verack is a verack however long it is, and what stands behind it is held.
  frame_decoder paused{magic};
  paused.pause_after(command::verack);
  out.clear();
  paused.feed(message_bytes("verack", 5'000) + small, out);
  REQUIRE(out.size() == 1);
  CHECK(paused.paused());
  paused.resume(out);
  CHECK(out.size() == 2);
}

TEST_CASE("a bad checksum is flagged, and only that") {
  auto good = encode(magic, ping{1}), bad = good;
  bad[envelope_size] ^= std::byte{1};
  for (std::size_t size : {1u, 40u, 1'000u}) {
    frame_decoder decoder{magic};
    auto out = feed_in_pieces(decoder, good + bad + good, [&] { return size; });
    REQUIRE(out.size() == 3);
    CHECK(out[0].checksum_ok());
    CHECK_FALSE(out[1].checksum_ok());
    CHECK(out[2].checksum_ok());
    CHECK(decoder.error() == frame_error::none);
  }
}

TEST_CASE("bytes behind verack are held until resume, and new limits hold for them") {
  const auto front = encode(magic, ping{1}) + encode(magic, verack{});
  const auto large = message_bytes("headers", limits::payload_before_handshake + 1);
  const auto stream = front + large + encode(magic, ping{2});
  for (bool raise_limit : {true, false})
    for (std::size_t size : {1u, 7u, 24u, 56u, 57u, 1'000u, 100'000u}) {
      CAPTURE(raise_limit);
      CAPTURE(size);
      frame_decoder decoder{magic};
      decoder.pause_after(command::verack);
      auto out = feed_in_pieces(decoder, stream, [&] { return size; });
      REQUIRE(out.size() == 2);
      CHECK(out[1].type == command::verack);
      CHECK(decoder.error() == frame_error::none);
      CHECK(decoder.direct_buffer().empty());
      if (!raise_limit) {
        decoder.resume(out); // too long to be kept
        REQUIRE(out.size() == 4);
        CHECK(out[2].type == command::headers);
        CHECK(out[2].payload.size() == limits::payload_before_handshake);
        CHECK(out[2].skipped == 1);
        CHECK(decoder.error() == frame_error::none);
        continue;
      }
      decoder.set_payload_limit(limits::payload);
      decoder.resume(out);
      REQUIRE(out.size() == 4);
      CHECK(out[2].type == command::headers);
      CHECK(out[2].payload.size() == limits::payload_before_handshake + 1);
      CHECK(out[2].checksum_ok());
      CHECK(out[3].type == command::ping);
      CHECK(decoder.error() == frame_error::none);
      CHECK_FALSE(decoder.mid_message());
      CHECK(decoder.buffered() == 0);
      // The pause was for once.
      decoder.feed(encode(magic, verack{}) + encode(magic, ping{3}), out);
      CHECK(out.size() == 6);
    }
}

TEST_CASE("a pause in the middle of what was held, and one with half a message behind") {
  frame_decoder decoder{magic};
  decoder.pause_after(command::verack);
  std::vector<frame> out;
  auto next = encode(magic, ping{9});
  decoder.feed(encode(magic, verack{}) +
                 std::vector<std::byte>(next.begin(), next.begin() + 27),
               out);
  REQUIRE(out.size() == 1);
  decoder.resume(out);
  CHECK(out.size() == 1);
  CHECK(decoder.mid_message());
  decoder.feed(bytes_view{next}.subspan(27), out);
  REQUIRE(out.size() == 2);
  CHECK(out[1].checksum_ok());
  CHECK_FALSE(decoder.mid_message());

  // Without anything held, and without a pause at all, resume changes nothing.
  decoder.resume(out);
  decoder.feed(bytes_view{next}.first(10), out);
  decoder.resume(out);
  decoder.feed(bytes_view{next}.subspan(10), out);
  CHECK(out.size() == 3);
}

TEST_CASE("large payloads read directly equal those that were fed") {
  test::message_generator random{42};
  for (std::size_t length : {32u * 1'024u, 1'000'000u, 4'000'000u}) {
    auto payload = random.bytes(length);
    auto whole =
      envelope_bytes("block", static_cast<std::uint32_t>(length), checksum(payload)) +
      payload + encode(magic, ping{5});
    auto fed = ready_decoder();
    auto expected = feed_in_pieces(fed, whole, [] { return 65'536; });
    REQUIRE(expected.size() == 2);
    CHECK(expected[0].checksum_ok());
    CHECK(expected[0].payload.size() == length);
    // The decoder does not hash payloads that take long.
    auto damaged = whole;
    damaged[envelope_size + length / 2] ^= std::byte{1};
    auto again = ready_decoder();
    CHECK_FALSE(
      feed_in_pieces(again, damaged, [] { return 65'536; }).at(0).checksum_ok());
    // With everything from a byte to the whole buffer at a time.
    for (std::size_t longest : {1'000u, 65'536u, 10'000'000u}) {
      CAPTURE(longest);
      auto decoder = ready_decoder();
      std::vector<frame> out;
      bytes_view rest{whole};
      int reads = 0;
      while (!rest.empty()) {
        auto direct = decoder.direct_buffer();
        auto count = std::min(rest.size(), 1 + random.below(longest));
        if (direct.empty()) {
          count = std::min<std::size_t>(count, 65'536);
          decoder.feed(rest.first(count), out);
        } else {
          count = std::min(count, direct.size());
          std::memcpy(direct.data(), rest.data(), count);
          decoder.commit(count, out);
        }
        rest = rest.subspan(count);
        ++reads;
      }
      check_same(out, expected);
      CHECK(decoder.error() == frame_error::none);
      CHECK(decoder.buffered() == 0);
      if (longest > length) // no more system calls than the read-ahead asks for
        CHECK(reads <= 4 + static_cast<int>(2 * length / limits::read_ahead));
    }
  }
}

TEST_CASE("an announced payload takes memory only as it arrives (I11, I12)") {
  auto decoder = ready_decoder();
  std::vector<frame> out;
  decoder.feed(envelope_bytes("block", limits::payload), out);
  CHECK(decoder.mid_message());
  CHECK(decoder.buffered() <= 64);
  CHECK_FALSE(decoder.direct_buffer().empty());
  CHECK(decoder.buffered() <= limits::read_ahead + 64);
  std::size_t arrived = 0;
  std::vector<std::byte> piece(10'007);
  while (arrived + piece.size() < limits::payload) {
    decoder.feed(piece, out);
    arrived += piece.size();
    REQUIRE(decoder.buffered() >= arrived);
    REQUIRE(decoder.buffered() <= arrived + limits::read_ahead + 64);
    REQUIRE(decoder.buffered() <= limits::payload + 64);
  }
  CHECK(out.empty());
}

TEST_CASE("mid_message tells a truncation from an end") {
  frame_decoder decoder{magic};
  std::vector<frame> out;
  auto whole = encode(magic, ping{1});
  CHECK_FALSE(decoder.mid_message());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    decoder.feed(bytes_view{whole}.subspan(i, 1), out);
    CAPTURE(i);
    CHECK(decoder.mid_message() == (i + 1 < whole.size()));
  }
}

TEST_CASE("payloads of length zero, in any split from their envelope") {
  auto whole =
    encode(magic, verack{}) + encode(magic, getaddr{}) + encode(magic, ping{1});
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    CAPTURE(cut);
    frame_decoder decoder{magic};
    std::vector<frame> out;
    decoder.feed(bytes_view{whole}.first(cut), out);
    CHECK(out.size() == (cut < 24 ? 0u : cut < 48 ? 1u : cut < 80 ? 2u : 3u));
    decoder.feed(bytes_view{whole}.subspan(cut), out);
    REQUIRE(out.size() == 3);
    CHECK(out[0].payload.empty());
    CHECK(out[0].checksum_ok());
    CHECK(out[1].checksum_ok());
    CHECK_FALSE(decoder.mid_message());
  }
}

TEST_CASE("an idle decoder holds no memory, however the last message came") {
  for (std::size_t length : {0u, 8u, 3'000u})
    for (std::size_t size : {1u, 5u, 24u, 30u, 5'000u}) {
      CAPTURE(length);
      CAPTURE(size);
      frame_decoder decoder{magic};
      auto out =
        feed_in_pieces(decoder, message_bytes("tx", length), [&] { return size; });
      REQUIRE(out.size() == 1);
      CHECK(decoder.buffered() == 0);
    }
}

TEST_CASE("frames outlive the decoder and the buffer they were fed from") {
  std::vector<frame> out;
  {
    frame_decoder decoder{magic};
    auto bytes = encode(magic, ping{0x1122334455667788}) + message_bytes("tx", 100);
    out = feed_in_pieces(decoder, bytes, [] { return 50; });
    auto more = feed_in_pieces(decoder, bytes, [&] { return bytes.size(); });
    out.insert(out.end(), more.begin(), more.end());
  }
  REQUIRE(out.size() == 4);
  for (auto i : {0u, 2u})
    CHECK(to_hex(out[i].payload.view()) == "8877665544332211");
}
