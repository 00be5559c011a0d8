// SPDX-License-Identifier: MIT
#include "app/call_arguments.hpp"
#include "app/option_values.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace peerage;

namespace {

std::string parameters(const std::vector<std::string>& arguments) {
  return call_parameters(arguments).dump();
}

} // namespace

TEST_CASE("what reads as JSON is that, and everything else is text") {
  for (const auto* text : {"5", "-1", "0.5", "true", "false", "null", "[1,\"a\"]",
                           "{\"a\":1}", "\"5\"", "1e5"})
    CHECK(call_argument(text) == nlohmann::ordered_json::parse(text));
  for (const auto* text : {"", "a", "1.2.3.4", "192.0.2.0/24", "[::1]:8333", "True",
                           "0x10", "5 6", "{", "nan", "01"})
    CHECK(call_argument(text) == text);
}

TEST_CASE("a hash of digits alone stays what it is") {
  const std::string hash(64, '1');
  CHECK(call_argument(hash) == hash);
  CHECK(call_argument("18446744073709551615").is_number_unsigned());
}

TEST_CASE("parameters by place and by name") {
  CHECK(parameters({}) == "[]");
  CHECK(parameters({"192.0.2.1", "add", "3600", "true"}) ==
        R"(["192.0.2.1","add",3600,true])");
  CHECK(parameters({"subnet=192.0.2.1", "command=add", "bantime=60"}) ==
        R"({"subnet":"192.0.2.1","command":"add","bantime":60})");
  CHECK(parameters({"192.0.2.1", "command=remove"}) ==
        R"({"command":"remove","args":["192.0.2.1"]})");
  CHECK(parameters({"what=a=b", "x_1="}) == R"({"what":"a=b","x_1":""})");
}

TEST_CASE("what only looks like a name is text") {
  CHECK(parameters({"A=b", "=b", "1a=b", "a b=c", "{\"a=\":1}"}) ==
        R"(["A=b","=b","1a=b","a b=c",{"a=":1}])");
}

TEST_CASE("no parameter is given twice") {
  CHECK_THROWS_AS(call_parameters({"a=1", "a=2"}), option_error);
}
