// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer.hpp"
#include "tests/simulation/simulation.hpp"

/// Shared by the tests of requests to one peer.
namespace peerage::test {

/// A block whose hash depends on `tag`; all that makes it one is its size.
wire::block make_block(std::uint8_t tag, std::size_t size = 200);
wire::tx make_tx(std::uint8_t tag);
/// A header with work enough for regtest; its hash depends on `tag`.
wire::block_header make_header(const wire::hash256& previous, std::uint32_t tag);

/// The pings in `messages`, answered.
void answer_pings(scripted_remote& remote, const std::vector<wire::message>& messages);

/// How a request ended that must have failed.
request_error failure_of(const std::optional<caf::error>& why);

/// One peer, with nothing under way.
struct world_with_peer : simulation {
  world_with_peer();
  scripted_remote remote;
  client_actor client;
};

} // namespace peerage::test
