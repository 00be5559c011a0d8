// SPDX-License-Identifier: MIT
#include "tests/simulation/requests_fixture.hpp"

#include "messages/wire/header_work.hpp"

namespace peerage::test {

wire::block make_block(std::uint8_t tag, std::size_t size) {
  std::vector<std::byte> bytes(size);
  bytes[4] = static_cast<std::byte>(tag);
  return {wire::slice::adopt(std::move(bytes))};
}

wire::tx make_tx(std::uint8_t tag) {
  std::vector<std::byte> bytes(60);
  bytes[20] = static_cast<std::byte>(tag);
  return {wire::slice::adopt(std::move(bytes))};
}

wire::block_header make_header(const wire::hash256& previous, std::uint32_t tag) {
  wire::block_header result;
  result.previous = previous;
  result.time = tag;
  result.bits = wire::parameters(wire::network::regtest).easiest_bits;
  while (!wire::meets(result.hash(), *wire::target_of(result.bits)))
    ++result.nonce;
  return result;
}

void answer_pings(scripted_remote& remote, const std::vector<wire::message>& messages) {
  for (const auto& message : messages)
    if (const auto* ping = std::get_if<wire::ping>(&message))
      remote.send(wire::pong{ping->nonce});
}

request_error failure_of(const std::optional<caf::error>& why) {
  REQUIRE(why);
  return outcome_of(*why);
}

world_with_peer::world_with_peer() : remote(ready_inbound()), client(take_client()) {
  answer_pings(remote, remote.take());
  run();
}

} // namespace peerage::test
