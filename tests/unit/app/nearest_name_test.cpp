// SPDX-License-Identifier: MIT
#include "app/nearest_name.hpp"

#include <doctest/doctest.h>

using peerage::did_you_mean;
using peerage::nearest_name;

namespace {

const std::vector<std::string_view> options{"network", "listen",    "max-inbound",
                                            "seed",    "log-level", "max-outbound"};

} // namespace

TEST_CASE("slips of the keyboard find the name that was meant") {
  CHECK(nearest_name("netwrok", options) == "network"); // swapped
  CHECK(nearest_name("sede", options) == "seed");
  CHECK(nearest_name("lsten", options) == "listen");        // left out
  CHECK(nearest_name("seeed", options) == "seed");          // doubled
  CHECK(nearest_name("log-lebel", options) == "log-level"); // replaced
  CHECK(nearest_name("maxinbound", options) == "max-inbound");
  CHECK(nearest_name("max-outbond", options) == "max-outbound");
}

TEST_CASE("the way of writing does not matter") {
  CHECK(nearest_name("MAX_INBOUND", options) == "max-inbound");
  CHECK(nearest_name("Log_Level", options) == "log-level");
}

TEST_CASE("other words find nothing") {
  CHECK(nearest_name("colour", options).empty());
  CHECK(nearest_name("", options).empty());
  CHECK(nearest_name("x", options).empty());
  CHECK(nearest_name(std::string(100'000, 'n'), options).empty());
  CHECK(nearest_name("network", {}).empty());
}

TEST_CASE("the suggestion is a part of a sentence") {
  CHECK(did_you_mean("netwrok", options) == " (did you mean network?)");
  CHECK(did_you_mean("colour", options).empty());
}
