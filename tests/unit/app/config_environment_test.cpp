// SPDX-License-Identifier: MIT
#include "app/config_environment.hpp"
#include "config_sources.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using texts = std::vector<std::string>;

namespace {

config_environment read(std::vector<const char*> variables) {
  variables.push_back(nullptr);
  return read_environment(variables.data(), options_of_each_kind());
}

} // namespace

TEST_CASE("a variable for each option") {
  const auto found =
    read({"PEERAGE_NETWORK=regtest", "PEERAGE_MAX_INBOUND=3", "PEERAGE_NO_DNS_SEEDS=true",
          "HOME=/root", "PEERAGE_PING_INTERVAL=0.5", "PEERAGE_CONFIG=node.toml"});
  CHECK(texts_of(found.mistakes).empty());
  CHECK(found.given.size() == 4);
  CHECK(values_of(found.given, "network") == texts{"regtest"});
  CHECK(values_of(found.given, "max-inbound") == texts{"3"});
  CHECK(values_of(found.given, "no-dns-seeds") == texts{"true"});
  CHECK(values_of(found.given, "ping-interval") == texts{"0.5"});
  CHECK(source_text(found.given.at("network")) == "PEERAGE_NETWORK");
  CHECK(found.config_path == "node.toml");
}

TEST_CASE("commas separate values, where there may be several") {
  const auto found =
    read({"PEERAGE_LISTEN=127.0.0.1:1,[::1]:2", "PEERAGE_NETWORK=main,signet"});
  CHECK(values_of(found.given, "listen") == texts{"127.0.0.1:1", "[::1]:2"});
  CHECK(values_of(found.given, "network") == texts{"main,signet"});
  CHECK(values_of(read({"PEERAGE_LISTEN=a,"}).given, "listen") == texts{"a", ""});
  const auto& listen = found.given.at("listen");
  CHECK(value_text(listen, listen.values[1]) == "PEERAGE_LISTEN=[::1]:2");
}

TEST_CASE("an empty variable is none") {
  CHECK(read({"PEERAGE_LISTEN=", "PEERAGE_NETWORK="}).given.empty());
}

TEST_CASE("unknown variables are mistakes, with the nearest name") {
  CHECK(texts_of(read({"PEERAGE_MAX_INBOND=3", "PEERAGE_COLOUR=red",
                       "PEERAGE_max_inbound=3", "PEERAGE_CONFI=x"})
                   .mistakes) ==
        texts{"unknown environment variable PEERAGE_COLOUR",
              "unknown environment variable PEERAGE_CONFI (did you mean PEERAGE_CONFIG?)",
              "unknown environment variable PEERAGE_MAX_INBOND (did you mean "
              "PEERAGE_MAX_INBOUND?)",
              "unknown environment variable PEERAGE_max_inbound (did you mean "
              "PEERAGE_MAX_INBOUND?)"});
}

TEST_CASE("variables of scripts and of others are left alone") {
  const auto found =
    read({"PEERAGE_BUILD_DIR=/tmp", "PEERAGE=build/peerage", "PEERAGES_LISTEN=x",
          "XPEERAGE_LISTEN=x", "PEERAGE_BCOIN_DIR=", "PEERAGE_LOG=info"});
  CHECK(texts_of(found.mistakes).empty());
  CHECK(found.given.empty());
}

TEST_CASE("an old name counts unless the new one is there, too") {
  CHECK(values_of(read({"PEERAGE_MAX_PER_NEIGHBOURHOOD=6"}).given, "max-per-subnet") ==
        texts{"6"});
  for (const auto& both :
       {std::vector{"PEERAGE_MAX_PER_NEIGHBOURHOOD=6", "PEERAGE_MAX_PER_SUBNET=7"},
        std::vector{"PEERAGE_MAX_PER_SUBNET=7", "PEERAGE_MAX_PER_NEIGHBOURHOOD=6"}})
    CHECK(values_of(read(both).given, "max-per-subnet") == texts{"7"});
}

TEST_CASE("the variable of an option") {
  CHECK(variable_of("max-inbound") == "PEERAGE_MAX_INBOUND");
}
