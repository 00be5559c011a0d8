// SPDX-License-Identifier: MIT
#include "messages/wire/frame_decoder.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/random_messages.hpp"

#include <algorithm>
#include <cstring>
#include <random>

using namespace peerage;
using namespace peerage::wire;

namespace {

constexpr std::uint32_t magic = 0xdab5bffa;

struct outcome {
  std::vector<frame> frames;
  frame_error error = frame_error::none;
  bool mid_message = false;
};

void check_memory(const frame_decoder& decoder, std::size_t arrived) {
  // Held bytes are in a vector, which may double them.
  fuzz::require(decoder.buffered() <= 2 * arrived + limits::read_ahead + 64,
                "memory is bounded by what has arrived and the read-ahead");
}

/// Reads `bytes` in pieces of at most `longest`: as a ready peer, whose large payloads
/// are read directly on request, or from the handshake on, with a pause behind verack.
outcome read_all(bytes_view bytes, bool ready, std::size_t longest, bool direct,
                 std::uint64_t seed) {
  std::mt19937_64 random{seed};
  frame_decoder decoder{magic};
  if (ready)
    decoder.set_payload_limit(limits::payload);
  else
    decoder.pause_after(command::verack);
  outcome result;
  std::size_t arrived = 0;
  while (!bytes.empty()) {
    auto count = std::min<std::size_t>(bytes.size(), 1 + random() % longest);
    if (auto buffer = decoder.direct_buffer(); direct && !buffer.empty()) {
      count = std::min(count, buffer.size());
      std::memcpy(buffer.data(), bytes.data(), count);
      decoder.commit(count, result.frames);
    } else {
      // A copy of its own, so that nothing can look behind its end.
      std::vector<std::byte> piece(bytes.begin(),
                                   bytes.begin() + static_cast<std::ptrdiff_t>(count));
      decoder.feed(piece, result.frames);
    }
    bytes = bytes.subspan(count);
    arrived += count;
    check_memory(decoder, arrived);
  }
  if (!ready) {
    decoder.set_payload_limit(limits::payload);
    decoder.resume(result.frames);
  }
  result.error = decoder.error();
  result.mid_message = decoder.mid_message();
  if (result.error == frame_error::none && !result.mid_message)
    fuzz::require(decoder.buffered() == 0, "an idle decoder holds no memory");
  return result;
}

} // namespace

/// First byte: for whom, and how to split; the rest: a stream. Every split gives the
/// same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  bytes_view stream{reinterpret_cast<const std::byte*>(data + 1), size - 1};
  const bool ready = data[0] % 2 == 0;
  const bool direct = data[0] / 2 % 2 == 0;
  // In single bytes, unless there are many.
  const std::size_t lengths[] = {1 + size / 256, 1 + std::size_t{data[0]}, 9'000, size};
  const auto longest = lengths[data[0] / 4 % 4];
  auto whole = read_all(stream, ready, size * 2, false, 1);
  std::size_t total = 0;
  for (const auto& x : whole.frames) {
    total += x.wire_size();
    fuzz::require(x.skipped > 0 ||
                    x.checksum_ok() == (checksum(x.payload.view()) == x.checksum),
                  "a checksum is compared with the payload's");
  }
  fuzz::require(total <= stream.size(), "frames come from the stream");
  auto split = read_all(stream, ready, longest, direct, data[0]);
  fuzz::require(split.error == whole.error, "every split ends alike");
  fuzz::require(whole.error != frame_error::none ||
                  split.mid_message == whole.mid_message,
                "every split is as far");
  fuzz::require(split.frames.size() == whole.frames.size(), "as many frames");
  for (std::size_t i = 0; i < split.frames.size(); ++i)
    fuzz::require(split.frames[i].type == whole.frames[i].type &&
                    split.frames[i].checksum_ok() == whole.frames[i].checksum_ok() &&
                    split.frames[i].checksum == whole.frames[i].checksum &&
                    split.frames[i].skipped == whole.frames[i].skipped &&
                    split.frames[i].payload == whole.frames[i].payload,
                  "the same frames");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  test::message_generator random{1};
  auto add = [&](const std::vector<std::byte>& bytes) {
    auto& x = result.emplace_back(1, static_cast<std::uint8_t>(random.below(256)));
    for (auto byte : bytes)
      x.push_back(std::to_integer<std::uint8_t>(byte));
  };
  for (auto type : test::all_commands())
    if (auto bytes = encode(magic, random.message(type)); bytes.size() < 3'000)
      add(bytes);
  // A payload that is read directly, a handshake, and an envelope over each limit.
  add(encode(magic, verack{}));
  std::vector<std::byte> handshake;
  for (auto type :
       {command::version, command::wtxidrelay, command::verack, command::ping})
    for (auto byte : encode(magic, random.message(type)))
      handshake.push_back(byte);
  add(handshake);
  auto skipped = encode(magic, block{slice::adopt(random.bytes(5'000))});
  for (auto byte : handshake)
    skipped.push_back(byte);
  add(skipped);
  result.back()[0] = 1; // not as a ready peer
  auto large = encode(magic, verack{});
  for (auto byte : encode(magic, block{slice::adopt(random.bytes(40'000))}))
    large.push_back(byte);
  add(large);
  result.back()[0] = 0; // as a ready peer
  large.resize(60);
  large[40] = std::byte{0xff}; // a length of some 10 million
  add(large);
  return result;
}
