// SPDX-License-Identifier: MIT
#include "app/peer_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace peerage;
using ids = std::vector<std::uint64_t>;

namespace {

constexpr double now = 1'700'000'000;

peer_report made(std::uint64_t id, bool outbound, std::optional<double> ping, double age,
                 const std::string& agent) {
  peer_report result;
  result.id = id;
  result.outbound = outbound;
  result.ready = id != 3;
  result.type = outbound ? "manual" : "inbound";
  result.address = "192.0.2." + std::to_string(id) + ":8333";
  result.user_agent = agent;
  result.protocol_version = 70016;
  result.lowest_ping = result.ping = ping;
  result.connected_since = now - age;
  return result;
}

const std::vector<peer_report> all{
  made(1, true, 0.3, 50, "/Satoshi:27.0.0/"),
  made(2, false, 0.1, 5000, "/other:1/"),
  made(3, true, std::nullopt, 500, "/Satoshi:25.0.0/"),
  made(4, true, 0.2, 20, "/btcd/"),
};

ids selected(const peer_selection& how) {
  ids result;
  for (auto i : select_peers(all, how, now))
    result.push_back(all[i].id);
  return result;
}

} // namespace

TEST_CASE("outbound peers come first, each kind by its lowest ping") {
  CHECK(selected({}) == ids{4, 1, 3, 2});
  CHECK(selected({{}, true, {}}) == ids{2, 3, 1, 4});
}

TEST_CASE("by a column, and peers without a value in it last") {
  CHECK(selected({"id", false, {}}) == ids{1, 2, 3, 4});
  CHECK(selected({"id", true, {}}) == ids{4, 3, 2, 1});
  CHECK(selected({"age", false, {}}) == ids{4, 1, 3, 2});
  CHECK(selected({"min-ping", false, {}}) == ids{2, 4, 1, 3});
  CHECK(selected({"min-ping", true, {}}) == ids{1, 4, 2, 3});
  CHECK(selected({"version", false, {}}) == ids{3, 1, 4, 2});
  CHECK(selected({"version", true, {}}) == ids{2, 4, 1, 3});
  CHECK(selected({"state", true, {}}) == ids{3, 4, 1, 2}); // equals as ever
}

TEST_CASE("only what shows a text") {
  CHECK(selected({"id", false, "satoshi"}) == ids{1, 3});
  CHECK(selected({"id", false, "192.0.2.2"}) == ids{2});
  CHECK(selected({"id", false, "dir=out"}) == ids{1, 3, 4});
  CHECK(selected({"id", false, "id=3"}) == ids{3});
  CHECK(selected({"id", false, "state=unready"}) == ids{3});
  CHECK(selected({"id", false, "VERSION=BTCD"}) == ids{4});
  CHECK(selected({"id", false, "min-ping=300"}) == ids{1});
  CHECK(selected({"id", false, "nothing=here"}).empty());
  CHECK(selected({"id", false, "="}).empty());
}

TEST_CASE("columns have names that need no quotes") {
  const auto names = peer_column_names();
  CHECK(names.front() == "id");
  CHECK(std::ranges::find(names, "min-ping") != names.end());
  for (const auto& name : names)
    CHECK(name.find(' ') == name.npos);
}

TEST_CASE("the id stays where room is short") {
  const auto places = select_peers(all, {}, now);
  for (std::size_t width : {40u, 80u, 200u}) {
    const auto lines = peer_table_lines(all, places, now, width);
    REQUIRE(lines.size() == 5);
    CHECK(lines[0].starts_with("id "));
    CHECK(lines[0].find("address") != std::string::npos);
  }
}
