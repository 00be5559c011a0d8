// SPDX-License-Identifier: MIT
#include "app/json_text.hpp"

#include <doctest/doctest.h>

using peerage::member_text;
using peerage::pretty_json;

TEST_CASE("a member is found as it is written") {
  constexpr auto text =
    R"( {"a": 0.00001000, "b": {"a": [1, "}"], "c": "]"}, "\"": 1, "d" : "x\"y" } )";
  CHECK(member_text(text, "a") == "0.00001000");
  CHECK(member_text(text, "b") == R"({"a": [1, "}"], "c": "]"})");
  CHECK(member_text(text, "d") == R"("x\"y")");
  CHECK(member_text(text, "c").empty()); // it is deeper
  CHECK(member_text("{}", "a").empty());
  CHECK(member_text("[1]", "a").empty());
  CHECK(member_text("", "a").empty());
  CHECK(member_text(R"({"result":null,"error":null})", "error") == "null");
}

TEST_CASE("a line for each value, and numbers as they were") {
  CHECK(pretty_json(R"({"a":1e-05,"b":[],"c":{},"d":[1,{"e":"f, g: {"}]})") == R"({
  "a": 1e-05,
  "b": [],
  "c": {},
  "d": [
    1,
    {
      "e": "f, g: {"
    }
  ]
})");
  CHECK(pretty_json("[ ]") == "[]");
  CHECK(pretty_json(" 3 ") == "3");
  CHECK(pretty_json(R"("\"")") == R"("\"")");
}

TEST_CASE("what steers a terminal is escaped") {
  CHECK(pretty_json("\"\x7f\xc2\x9bü\"") == R"("\u007f\u009bü")");
}
