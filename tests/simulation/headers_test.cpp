// SPDX-License-Identifier: MIT
#include "tests/simulation/requests_fixture.hpp"
#include "tests/support/scripted_service.hpp"

/// Headers in one message must be a chain, and have the work they state, be they an
/// answer or news.
using namespace peerage;
using namespace peerage::test;

namespace {

std::vector<wire::block_header> chain_on(const wire::hash256& previous,
                                         std::size_t length) {
  std::vector<wire::block_header> result;
  for (std::uint32_t i = 0; i < length; ++i)
    result.push_back(make_header(i == 0 ? previous : result.back().hash(), i));
  return result;
}

} // namespace

TEST_CASE("headers that are no chain, or lack work, end the peer") {
  struct spoiling {
    const char* what;
    std::function<void(std::vector<wire::block_header>&)> spoil;
    std::optional<peer_exit> end;
  };
  const auto unlinked = peer_exit::headers_not_linked;
  const auto no_work = peer_exit::header_without_work;
  const spoiling kinds[] = {
    {"nothing", [](auto&) {}, {}},
    {"a foreign one at the end", [](auto& x) { x.back() = make_header({{9}}, 1); },
     unlinked},
    {"one left out", [](auto& x) { x.erase(x.begin() + 5); }, unlinked},
    {"two exchanged", [](auto& x) { std::swap(x[5], x[6]); }, unlinked},
    {"one twice", [](auto& x) { x.insert(x.begin() + 5, x[5]); }, unlinked},
    {"no target", [](auto& x) { x[3].bits = 0; }, no_work},
    {"a negative target", [](auto& x) { x[3].bits = 0x04923456; }, no_work},
    {"a target that is too large for a number", [](auto& x) { x[3].bits = 0xff7fffff; },
     no_work},
    {"a target that is too easy here", [](auto& x) { x[0].bits = 0x2100ffff; }, no_work},
    {"a target that is missed", [](auto& x) { x.back().bits = 0x1d00ffff; }, no_work},
  };
  for (const auto& kind : kinds)
    for (auto direction : {peer_direction::inbound, peer_direction::outbound})
      for (bool asked : {false, true}) {
        CAPTURE(kind.what);
        CAPTURE(to_string(direction));
        CAPTURE(asked);
        simulation world;
        auto told = std::make_shared<std::vector<headers_announced>>();
        service_script script;
        script.on_any = [told](const service_request& x) {
          if (const auto* what = std::get_if<headers_announced>(&x))
            told->push_back(*what);
        };
        world.context->service = world.system.spawn(scripted_service, script);
        auto remote = direction == peer_direction::inbound ? world.ready_inbound()
                                                           : world.ready_outbound();
        auto client = world.take_client();
        caf::scoped_actor observer{world.system, true};
        observer->monitor(client);
        const auto genesis = world.context->network.genesis;
        std::shared_ptr<simulation::asked<headers>> answer;
        if (asked)
          answer = world.ask<headers>(client, get_headers{{genesis}, {}, {}});
        world.run();
        auto message = wire::headers{chain_on(genesis, 10)};
        kind.spoil(message.entries);
        remote.send(message);
        world.run();
        CHECK(remote.saw_end() == kind.end.has_value());
        if (!kind.end) {
          CHECK((asked ? answer->value->entries : told->at(0).entries) ==
                message.entries);
          continue;
        }
        CHECK(told->empty());
        if (asked) {
          CHECK(failure_of(answer->failure) == request_error::peer_gone);
          CHECK(exit_of_request(*answer->failure) == *kind.end);
        }
        observer->receive(
          [&](const caf::down_msg& x) { CHECK(exit_of(x.reason) == *kind.end); },
          caf::after(0s) >> [] { FAIL_CHECK("the peer is still there"); });
      }
}

TEST_CASE("a block that is announced by its header is asked for once more") {
  world_with_peer world;
  const auto header = make_header({{5}}, 1);
  auto wanted = world.ask<blocks>(world.client, get_blocks{{header.hash()}, {}});
  world.run();
  CHECK(world.remote.take_commands() == "getdata");
  for (int i = 0; i < 3; ++i)
    world.remote.send(wire::headers{{header}});
  world.run();
  CHECK(world.remote.take_commands() == "getdata");
  CHECK(wanted->replies == 0);
}
