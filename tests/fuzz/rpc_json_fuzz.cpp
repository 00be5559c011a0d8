// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace peerage;

namespace {

int depth_of(const rpc_json& x) {
  int deepest = 0;
  for (const auto& part : x)
    if (part.is_structured())
      deepest = std::max(deepest, depth_of(part));
  return deepest + 1;
}

const rpc_method method{
  "m",
  {{"a"},
   {"b", rpc_type::number},
   {"c", rpc_type::boolean},
   {"d", rpc_type::list | rpc_type::object, false, rpc_reading::or_text}},
  "m ( a b c d )",
  {}};

} // namespace

/// The call of a status client.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  rpc_json x;
  std::string error;
  if (!parse_rpc_json(text, x, error)) {
    fuzz::require(!error.empty() && x.is_null(),
                  "a failure says why, and leaves nothing");
    return 0;
  }
  fuzz::require(!x.is_structured() || depth_of(x) <= static_cast<int>(rpc_json_max_depth),
                "what is read is not deeper than the limit");
  rpc_json again;
  fuzz::require(parse_rpc_json(write_rpc_json(x), again, error) && again == x,
                "what was written can be read, and is the same");
  // Arguments of any kind are taken or refused, never more than that.
  try {
    rpc_arguments given{method, x};
    static_cast<void>(given.text_or("a", ""));
    static_cast<void>(given.integer_or("b", 0));
    static_cast<void>(given.boolean_or("c", false));
    fuzz::require(!given.has("d") || !given.get("d").is_string(),
                  "what was meant as JSON is read");
  } catch (const rpc_error& why) {
    fuzz::require(why.code < 0 && !why.message.empty(),
                  "a mistake has a code and a text");
  }
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (std::string_view text :
       {R"({"jsonrpc":"2.0","id":1,"method":"waitfor","params":[{"peers_ready":8},1.5]})",
        R"([{"method":"uptime"},{"method":"setban","params":{"subnet":"1.2.3.0/24"}}])",
        R"({"a":{"a":{"a":[[[[[]]]]]}},"b":-1e30,"c":"\u00e9\ud83d\ude00"})",
        R"(["x",true])", R"(["x",1,true,"{\"a\":[0.00001]}"])",
        R"({"args":["x"],"d":"[]","c":false})",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "18446744073709551616", R"({"a":1,"a":2})"})
    result.emplace_back(text.begin(), text.end());
  return result;
}
