// SPDX-License-Identifier: MIT
#include "actors/peer/inbound_requests.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "messages/wire/network.hpp"

#include <doctest/doctest.h>

using namespace peerage;

namespace {

const auto magic = wire::parameters(wire::network::regtest).magic;

std::string commands_in(wire::outbox& from) {
  wire::frame_decoder decoder{magic};
  std::vector<wire::frame> frames;
  for (const auto& bytes : from.take())
    decoder.feed(bytes.view(), frames);
  std::string result;
  for (const auto& x : frames)
    result += (result.empty() ? "" : " ") + std::string(wire::to_string(x.type));
  return result;
}

} // namespace

TEST_CASE("a pong waits behind headers, and behind a pong that waits still") {
  wire::outbox out{magic};
  inbound_requests waiting{1, true, out};
  CHECK_FALSE(waiting.must_hold_pongs());
  waiting.add(service_request{serve_headers{}}, 0);
  waiting.add(service_request{serve_addresses{}}, 0);
  CHECK(waiting.must_hold_pongs());
  waiting.add(wire::pong{1}, 8);
  REQUIRE(waiting.next());
  waiting.on_answer(headers{});
  CHECK(commands_in(out) == "headers");
  // What the first pong waited for is answered, but it stands behind the addresses.
  CHECK(waiting.must_hold_pongs());
  waiting.add(wire::pong{2}, 8);
  REQUIRE(waiting.next());
  waiting.on_answer(caf::make_error(request_error::not_found));
  CHECK(commands_in(out) == "pong pong");
  CHECK_FALSE(waiting.must_hold_pongs());
}
