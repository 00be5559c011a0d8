// SPDX-License-Identifier: MIT
#include "messages/wire/envelope.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "messages/wire/payload_pool.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>

using namespace peerage::wire;

namespace {

constexpr std::uint32_t magic = 0xdab5bffa;

payload_pool::buffer make(std::size_t capacity) {
  return {payload_pool::memory_ptr{static_cast<std::byte*>(std::malloc(capacity))},
          capacity};
}

std::vector<std::byte> block_of(std::size_t size, std::byte fill) {
  return encode(magic, block{slice::adopt(std::vector<std::byte>(size, fill))});
}

/// As it comes from a socket: not in one piece.
void feed(frame_decoder& decoder, const std::vector<std::byte>& bytes,
          std::vector<frame>& out) {
  decoder.feed(bytes_view{bytes}.first(100'000), out);
  decoder.feed(bytes_view{bytes}.subspan(100'000), out);
}

} // namespace

TEST_CASE("a pool gives out the smallest buffer that fits, and none far too large") {
  payload_pool pool;
  for (std::size_t size : {400'000, 300'000, 1'000'000})
    pool.give_back(make(size));
  CHECK(pool.kept_bytes() == 1'700'000);
  CHECK(pool.take(250'000).capacity == 300'000);
  CHECK(pool.take(250'000).capacity == 400'000);
  CHECK(pool.take(250'000).capacity == 0); // 1,000,000 is more than twice that
  CHECK(pool.take(1'000'001).capacity == 0);
  CHECK(pool.take(500'000).capacity == 1'000'000);
  CHECK(pool.kept_bytes() == 0);
}

TEST_CASE("I12: a pool keeps no small buffers, and no more than its bound") {
  payload_pool pool;
  pool.give_back(make(payload_pool::min_capacity - 1));
  CHECK(pool.kept_bytes() == 0);
  for (int i = 0; i < 10; ++i)
    pool.give_back(make(3'000'000));
  CHECK(pool.kept_bytes() == 6'000'000);
}

TEST_CASE("a large payload's memory comes back when its last holder lets go") {
  auto pool = std::make_shared<payload_pool>();
  frame_decoder decoder{magic, pool};
  decoder.set_payload_limit(limits::payload);
  std::vector<frame> frames;
  const auto first = block_of(1'000'000, std::byte{1});
  feed(decoder, first, frames);
  REQUIRE(frames.size() == 1);
  auto part = frames[0].payload.sub(10, 20);
  frames.clear();
  CHECK(pool->kept_bytes() == 0); // a part of it is still held
  part = {};
  CHECK(pool->kept_bytes() == 1'000'000);

  SUBCASE("and serves the next one, whole, from the announcement on") {
    const auto second = block_of(900'000, std::byte{2});
    decoder.feed(bytes_view{second}.first(envelope_size), frames);
    CHECK(pool->kept_bytes() == 0);
    CHECK(decoder.direct_buffer().size() == 900'000);
    decoder.feed(bytes_view{second}.subspan(envelope_size), frames);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].checksum_ok());
    CHECK(frames[0].payload.size() == 900'000);
    CHECK(frames[0].payload.view()[899'999] == std::byte{2});
  }
  SUBCASE("and comes back from a connection that ends in the middle of a message") {
    {
      frame_decoder other{magic, pool};
      other.set_payload_limit(limits::payload);
      other.feed(bytes_view{first}.first(500), frames);
      CHECK(pool->kept_bytes() == 0);
    }
    CHECK(pool->kept_bytes() == 1'000'000);
  }
  SUBCASE("and slices may outlive decoder and pool") {
    feed(decoder, first, frames);
    pool.reset();
    decoder = frame_decoder{magic};
    CHECK(frames[0].payload.view()[999'999] == std::byte{1});
  }
}
