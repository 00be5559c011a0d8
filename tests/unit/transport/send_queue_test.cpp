// SPDX-License-Identifier: MIT
#include "actors/transport/send_queue.hpp"

#include <doctest/doctest.h>

#include <malloc.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

/// The queue for a socket: in order, and at no more memory than it tells.
using namespace peerage;

namespace {

using bytes = std::vector<std::byte>;

/// Bytes that count on from `first`, so that any loss or change of order shows.
bytes counting(std::size_t first, std::size_t size) {
  bytes result(size);
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<std::byte>((first + i) % 251);
  return result;
}

wire::slice small_slice(std::size_t first, std::size_t size) {
  return wire::slice::adopt(counting(first, size));
}

/// Bytes given out by malloc; 0 under another allocator.
std::size_t allocated() {
  const auto now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
}

/// Takes up to `most` bytes off the queue, as a socket would.
bytes take(send_queue& from, std::size_t most) {
  iovec pieces[8];
  bytes result;
  const auto used = from.gather(pieces, 8);
  for (std::size_t i = 0; i < used; ++i) {
    const auto* data = static_cast<const std::byte*>(pieces[i].iov_base);
    const auto size = std::min(pieces[i].iov_len, most - result.size());
    result.insert(result.end(), data, data + size);
  }
  from.consume(result.size());
  return result;
}

} // namespace

TEST_CASE("I12: a queue that is never quite empty holds only what waits") {
  send_queue queue;
  std::vector<wire::slice> one{small_slice(0, 25)};
  queue.push(one);
  const auto before = allocated();
  std::size_t most_held = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    queue.push(one);
    queue.consume(25);
    most_held = std::max(most_held, queue.held());
  }
  CHECK(queue.bytes() == 25);
  CHECK(most_held < 40'000);
  CHECK(allocated() < before + 40'000);
}

TEST_CASE("I12: what is sent is freed, though more waits behind it") {
  send_queue queue;
  auto large = std::make_shared<bytes>(counting(0, 100'000));
  std::weak_ptr<bytes> watch = large;
  const wire::bytes_view view{*large};
  const auto* first = large->data();
  std::vector<wire::slice> slices{
    {std::shared_ptr<const std::byte>(std::move(large), first), view, view.size()},
    small_slice(0, 10'000)};
  queue.push(slices);
  slices.clear();
  CHECK(queue.held() >= 110'000);
  queue.consume(99'999);
  CHECK_FALSE(watch.expired());
  queue.consume(1);
  CHECK(watch.expired());
  CHECK(queue.held() < 20'000);
}

TEST_CASE("I12: what is held is what malloc gave out, whatever the sizes") {
  for (const std::size_t size : {1u, 25u, 106u, 1'000u, 4'095u, 4'096u, 20'000u}) {
    CAPTURE(size);
    send_queue queue;
    const auto before = allocated();
    for (std::size_t i = 0; i < (std::size_t{1} << 20) / size; ++i) {
      std::vector<wire::slice> one{small_slice(i, size)};
      queue.push(one);
    }
    const auto grown = allocated() - before;
    CHECK(queue.bytes() <= queue.held());
    CHECK(queue.held() < queue.bytes() + queue.bytes() / 4 + 40'000);
    if (before != 0) // else a sanitizer's allocator is in use
      CHECK(grown < queue.held() + queue.held() / 50 + 4'096);
    queue.clear();
    CHECK(queue.held() == 0);
    CHECK(allocated() <= before + 4'096);
  }
}

TEST_CASE("I12: a slice of a much larger buffer does not keep that alive") {
  auto buffer = wire::slice::adopt(bytes(1'000'000));
  send_queue queue;
  std::vector<wire::slice> parts{buffer.sub(10, 5'000)};
  queue.push(parts);
  CHECK(queue.held() < 10'000);
  parts = {buffer};
  queue.push(parts, 990'000);
  CHECK(queue.bytes() == 15'000);
  CHECK(queue.held() < 25'000);
}

TEST_CASE("any mix of sizes comes out as it went in") {
  std::mt19937 random{7};
  send_queue queue;
  std::size_t in = 0, out = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::vector<wire::slice> slices;
    for (auto n = random() % 4; n > 0; --n) {
      const std::size_t size = random() % (random() % 8 == 0 ? 30'000 : 300);
      slices.push_back(small_slice(in, size));
      in += size;
    }
    const auto size = in - out - queue.bytes();
    const auto skipped = size == 0 ? 0 : random() % size;
    // Skipped bytes were sent at once, when nothing waited.
    if (queue.empty())
      out += skipped;
    queue.push(slices, queue.empty() ? skipped : 0);
    REQUIRE(queue.bytes() == in - out);
    const auto sent = take(queue, random() % 20'000);
    REQUIRE(sent == counting(out, sent.size()));
    out += sent.size();
  }
  while (!queue.empty()) {
    const auto sent = take(queue, 1'000);
    REQUIRE(sent == counting(out, sent.size()));
    out += sent.size();
  }
  CHECK(in == out);
  CHECK(queue.held() == 0);
}
