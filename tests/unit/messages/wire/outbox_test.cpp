// SPDX-License-Identifier: MIT
#include "messages/wire/envelope.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "tests/support/random_messages.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using namespace peerage::wire;

namespace {

constexpr std::uint32_t magic = 0xdab5bffa;

std::vector<std::byte> joined(const std::vector<slice>& parts) {
  std::vector<std::byte> result;
  for (const auto& part : parts)
    result.insert(result.end(), part.view().begin(), part.view().end());
  return result;
}

} // namespace

TEST_CASE("an outbox gives the same bytes as its messages one by one") {
  test::message_generator random{77};
  auto types = test::all_commands();
  outbox box{magic};
  CHECK(box.empty());
  for (int round = 0; round < 50; ++round) {
    std::vector<std::byte> expected;
    for (std::size_t i = random.below(40); i > 0; --i) {
      auto x = random.message(types[random.below(types.size())]);
      if (random.below(6) == 0) // bodies on both sides of what is referenced
        x = block{slice::adopt(random.bytes(4'090 + random.below(12)))};
      auto whole = encode(magic, x);
      expected.insert(expected.end(), whole.begin(), whole.end());
      if (const auto* answer = std::get_if<pong>(&x); answer && random.coin())
        box.push_pong(answer->nonce, read_envelope(whole.data()).checksum);
      else
        box.push(x);
      CHECK_FALSE(box.empty());
    }
    REQUIRE(joined(box.take()) == expected);
    CHECK(box.empty());
    CHECK(box.take().empty());
  }
}

TEST_CASE("small messages are packed into one slice, large bodies are referenced") {
  test::message_generator random{78};
  auto body = slice::adopt(random.bytes(100'000));
  outbox box{magic};
  for (std::uint64_t nonce = 0; nonce < 100; ++nonce)
    box.push_pong(nonce, read_envelope(encode(magic, pong{nonce}).data()).checksum);
  box.push(block{body});
  box.push(tx{body});
  box.push(ping{1});
  auto parts = box.take();
  REQUIRE(parts.size() == 5);
  CHECK(parts[0].size() == 100 * 32 + envelope_size);
  CHECK(parts[1].data() == body.data());
  CHECK(parts[2].size() == envelope_size);
  CHECK(parts[3].data() == body.data());
  CHECK(parts[4].size() == 32);
}

TEST_CASE("what an outbox sends, a decoder and the codec read") {
  test::message_generator random{79};
  outbox box{magic};
  std::vector<message> sent;
  for (auto type : test::all_commands()) {
    sent.push_back(random.message(type));
    box.push(sent.back());
  }
  frame_decoder decoder{magic};
  decoder.set_payload_limit(limits::payload);
  std::vector<frame> frames;
  for (const auto& part : box.take())
    decoder.feed(part.view(), frames);
  REQUIRE(frames.size() == sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    message read;
    CHECK(frames[i].checksum_ok());
    REQUIRE(decode(frames[i].type, frames[i].payload, read) == decode_result::ok);
    CHECK(read == sent[i]);
  }
}
