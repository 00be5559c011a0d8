#include "actors/status/rpc_server.hpp"
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

} // namespace

/// What a status client sends as a call.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  rpc_json x;
  std::string error;
  if (!parse_rpc_json(text, x, error)) {
    fuzz::require(!error.empty() && x.is_null(),
                  "a failure says why, and leaves nothing");
    return 0;
  }
  fuzz::require(!x.is_structured() || depth_of(x) <= rpc_server::max_depth,
                "what is read is not deeper than the limit");
  rpc_json again;
  fuzz::require(parse_rpc_json(x.dump(), again, error) && again == x,
                "what was printed can be read, and is the same");
  // Arguments of any kind are taken or refused, never more than that.
  try {
    rpc_arguments given{{"a", "b"}, x};
    for (const char* name : {"a", "b", "c"}) {
      static_cast<void>(given.text_or(name, ""));
      static_cast<void>(given.integer_or(name, 0));
      static_cast<void>(given.boolean_or(name, false));
    }
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
        R"(["x",true])",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "18446744073709551616", R"({"a":1,"a":2})"})
    result.emplace_back(text.begin(), text.end());
  return result;
}
