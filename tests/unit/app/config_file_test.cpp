// SPDX-License-Identifier: MIT
#include "app/config_file.hpp"
#include "config_sources.hpp"

#include <doctest/doctest.h>

using namespace peerage;
using texts = std::vector<std::string>;

namespace {

config_file read(std::string_view text) {
  return read_config_text(text, "node.toml", options_of_each_kind());
}

/// The only mistake.
std::string mistake_in(std::string_view text) {
  const auto found = read(text);
  REQUIRE(found.mistakes.size() == 1);
  return found.mistakes.front().text;
}

} // namespace

TEST_CASE("a key for each option, with its place") {
  const auto found = read(R"(# a comment
network = "regtest"
listen = [
  "127.0.0.1:1", # the first
  '[::1]:2',
]
max-inbound = 1_000
ping-interval = 0.1
no-dns-seeds = true
)");
  CHECK(texts_of(found.mistakes).empty());
  CHECK(found.given.size() == 5);
  CHECK(values_of(found.given, "network") == texts{"regtest"});
  CHECK(values_of(found.given, "listen") == texts{"127.0.0.1:1", "[::1]:2"});
  CHECK(values_of(found.given, "max-inbound") == texts{"1000"});
  CHECK(values_of(found.given, "ping-interval") == texts{"0.1"});
  CHECK(values_of(found.given, "no-dns-seeds") == texts{"true"});
  const auto& listen = found.given.at("listen");
  CHECK(source_text(listen) == "node.toml:3");
  CHECK(value_text(listen, listen.values[1]) == "node.toml:5:3: listen = [::1]:2");
}

TEST_CASE("one value of an option that may be repeated needs no array") {
  CHECK(values_of(read("listen = 'none'").given, "listen") == texts{"none"});
  const auto empty = read("listen = []");
  CHECK(empty.given.contains("listen"));
  CHECK(values_of(empty.given, "listen").empty());
}

TEST_CASE("a whole number is a number, too") {
  CHECK(values_of(read("ping-interval = 4").given, "ping-interval") == texts{"4"});
  CHECK(values_of(read("ping-interval = 1e1").given, "ping-interval") == texts{"10"});
}

TEST_CASE("options may stand in a section") {
  const auto found = read("max-inbound = 3\n[run]\nnetwork = 'main'\n");
  CHECK(texts_of(found.mistakes).empty());
  CHECK(values_of(found.given, "network") == texts{"main"});
  CHECK(values_of(found.given, "max-inbound") == texts{"3"});
}

TEST_CASE("an option under its old name") {
  const auto found = read("max-per-neighbourhood = 6");
  CHECK(values_of(found.given, "max-per-subnet") == texts{"6"});
  CHECK(found.given.at("max-per-subnet").name == "max-per-neighbourhood");
}

TEST_CASE("a wrong type is named with the right one") {
  CHECK(mistake_in("max-inbound = '3'") ==
        "node.toml:1:15: max-inbound must be a whole number, not a text");
  CHECK(mistake_in("max-inbound = 3.5") ==
        "node.toml:1:15: max-inbound must be a whole number, not a fraction");
  CHECK(mistake_in("\nnetwork = 3") ==
        "node.toml:2:11: network must be a text in quotes, not a whole number");
  CHECK(mistake_in("network = ['main']") ==
        "node.toml:1:11: network must be a text in quotes, not an array");
  CHECK(mistake_in("no-dns-seeds = 1") ==
        "node.toml:1:16: no-dns-seeds must be true or false, not a whole number");
  CHECK(mistake_in("ping-interval = 07:32:00") ==
        "node.toml:1:17: ping-interval must be a number, not a time");
  CHECK(mistake_in("listen = [\n 'none',\n [] ]") ==
        "node.toml:3:2: listen must be a text in quotes, or an array of these, not an "
        "array");
  CHECK(mistake_in("[listen]\nat = 1") ==
        "node.toml:1:1: listen must be a text in quotes, or an array of these, not a "
        "table");
}

TEST_CASE("an unknown key is named with the nearest known one") {
  CHECK(mistake_in("max_inbond = 3") ==
        "node.toml:1:1: unknown key max_inbond (did you mean max-inbound?)");
  CHECK(mistake_in("\n  colour = 'red'") == "node.toml:2:3: unknown key colour");
  CHECK(mistake_in("[swarm]\npeers = 3") ==
        "node.toml:1:2: unknown section [swarm]: options stand at the top, or in [run]");
  CHECK(mistake_in("[run]\nlisen = 'none'") ==
        "node.toml:2:1: unknown key lisen (did you mean listen?)");
  CHECK(mistake_in("config = 'other.toml'") ==
        "node.toml:1:1: config is for the command line: a file cannot name another");
}

TEST_CASE("nothing can be said twice") {
  CHECK(mistake_in("network = 'main'\nnetwork = 'main'\n").starts_with("node.toml:2:"));
  CHECK(mistake_in("network = 'main'\n[run]\nnetwork = 'regtest'\n") ==
        "node.toml:3:1: network is given twice: the other in line 1");
  CHECK(mistake_in("max-per-subnet = 1\nmax-per-neighbourhood = 2\n")
          .find("is given twice") != std::string::npos);
}

TEST_CASE("what is not TOML is refused at its place") {
  CHECK(mistake_in("network = [\n").starts_with("node.toml:"));
  CHECK(mistake_in("listen = ['none'\nmax-inbound = 3\n").starts_with("node.toml:2:"));
  CHECK(mistake_in("network = \"main\nseed = 3\n").starts_with("node.toml:1:"));
  CHECK(mistake_in("listen =\n").starts_with("node.toml:1:"));
  CHECK(mistake_in("network = regtest\n").starts_with("node.toml:1:11: "));
  CHECK(mistake_in("network = regtest\n").ends_with("(a text needs quotes)"));
  CHECK(mistake_in("just words\n").starts_with("node.toml:1:"));
  CHECK(mistake_in("; a comment of an INI file\n").starts_with("node.toml:1:"));
  CHECK(mistake_in("network = \"\xff\"\n").starts_with("node.toml:1:"));
}

TEST_CASE("all mistakes are told, in their order") {
  CHECK(
    texts_of(read("seeed = 1\nnetwork = 2\n\nmax-inbound = 'x'\nabcdef = 3").mistakes) ==
    texts{"node.toml:1:1: unknown key seeed",
          "node.toml:2:11: network must be a text in quotes, not a whole number",
          "node.toml:4:15: max-inbound must be a whole number, not a text",
          "node.toml:5:1: unknown key abcdef"});
}

TEST_CASE("a file that cannot be read is a mistake") {
  const auto found = read_config_file("/nowhere/node.toml", options_of_each_kind());
  CHECK(texts_of(found.mistakes) ==
        texts{"--config /nowhere/node.toml: No such file or directory"});
}
