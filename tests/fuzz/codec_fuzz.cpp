// SPDX-License-Identifier: MIT
#include "messages/wire/codec.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/random_messages.hpp"

using namespace peerage;
using namespace peerage::wire;

/// First byte: the command; the rest: its payload. What can be read can be written, and
/// reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  auto type = static_cast<command>(data[0] % command_count);
  auto payload = slice::copy_of({reinterpret_cast<const std::byte*>(data + 1), size - 1});
  message x, y;
  auto result = decode(type, payload, x);
  if (result != decode_result::ok) {
    fuzz::require(result == decode_result::malformed ||
                    result == decode_result::over_limit,
                  "a result is one of three");
    return 0;
  }
  fuzz::require(command_of(x) == type, "a payload is read as what it is");
  std::vector<std::byte> once, twice;
  encode_payload(x, once);
  fuzz::require(decode(type, slice::copy_of(once), y) == decode_result::ok,
                "what was written can be read");
  fuzz::require(x == y, "and is the same");
  encode_payload(y, twice);
  fuzz::require(once == twice, "and is written the same");
  if (const auto* body = std::get_if<tx>(&x))
    fuzz::require(body->txid() == std::get<tx>(y).txid() &&
                    body->wtxid() == double_sha256(payload.view()),
                  "identifiers depend on the bytes alone");
  if (const auto* body = std::get_if<block>(&x))
    fuzz::require(body->hash() == body->header().hash(),
                  "a block is named by its header");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  test::message_generator random{1};
  for (auto type : test::all_commands())
    for (int i = 0; i < 6; ++i) {
      std::vector<std::byte> payload;
      encode_payload(random.message(type), payload);
      if (payload.size() > 4'000)
        continue;
      auto& x = result.emplace_back(1, static_cast<std::uint8_t>(type));
      for (auto byte : payload)
        x.push_back(std::to_integer<std::uint8_t>(byte));
    }
  return result;
}
