// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"

#include "tests/support/log_sinks.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace peerage;

namespace {

struct fixture {
  test::collected_log seen;
};

} // namespace

static_assert(log::part_of_file("/x/actors/peer_set/router.cpp") == log::part::peer_set);
static_assert(log::part_of_file("actors/status/rpc/rpc.cpp") == log::part::status);
static_assert(log::part_of_file("/actors/old/actors/bans/ban.cpp") == log::part::bans);
static_assert(log::part_of_file("/x/app/run.cpp") == log::part::node);
static_assert(log::part_of_file("actors/base/log.cpp") == log::part::node);

TEST_CASE_FIXTURE(fixture, "fields stand in the text, and on their own") {
  log::info("peer {} of {}: {}", log::field("peer", 7U), "x",
            log::field("reason", "a\"b\\\n\xff"));
  const auto lines = seen.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text == "peer 7 of x: a\"b\\\n\xff");
  CHECK(lines[0].kind == "peer {} of {}: {}");
  CHECK(lines[0].from == log::part::node);
  REQUIRE(lines[0].fields.size() == 2);
  CHECK(lines[0].fields[0].name == "peer");
  CHECK(lines[0].fields[0].text == "7");
  CHECK(lines[0].fields[0].is_number);
  CHECK(lines[0].fields[1].name == "reason");
  CHECK_FALSE(lines[0].fields[1].is_number);
}

TEST_CASE_FIXTURE(fixture,
                  "a kind has its detail; a line that is always written has none") {
  log::write({log::level::info, "full"}, "refused: {}", 1);
  log::write(log::always(log::level::info), "started: {}", 1);
  const auto lines = seen.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].kind == "refused: {}full");
  CHECK(lines[1].kind.empty());
}

TEST_CASE_FIXTURE(fixture, "each part has a level of its own") {
  log::set_level(log::level::warn);
  CHECK(log::usual_level() == log::level::warn);
  log::info("no");
  log::write(log::part::bans, log::level::info, "no");
  log::set_level(log::part::bans, log::level::debug);
  CHECK(log::level_of(log::part::bans) == log::level::debug);
  CHECK(log::level_of(log::part::node) == log::level::warn);
  CHECK(log::usual_level() == log::level::warn);
  log::info("no");
  log::write(log::part::bans, log::level::trace, "no");
  log::write(log::part::bans, log::level::debug, "yes");
  log::warn("yes");
  log::set_level(log::level::error);
  log::write(log::part::bans, log::level::warn, "no");
  log::critical("yes");
  const auto lines = seen.lines();
  REQUIRE(lines.size() == 3);
  for (const auto& x : lines)
    CHECK(x.text == "yes");
  CHECK(lines[0].from == log::part::bans);
}

TEST_CASE("without a sink, no line is even put together") {
  CHECK_FALSE(log::is_on(log::part::node, log::level::critical));
  log::critical("nobody hears this");
  const test::collected_log later;
  CHECK(log::is_on(log::part::node, log::level::critical));
  CHECK(later.lines().empty());
}

TEST_CASE("every part has a name") {
  for (std::size_t i = 0; i < log::part_names.size(); ++i) {
    const auto x = static_cast<log::part>(i);
    CHECK(log::parse_part(to_string(x)) == x);
  }
  CHECK_FALSE(log::parse_part("net"));
}
