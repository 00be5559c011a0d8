#include "actors/status/rpc_server.hpp"

#include <set>

namespace peerage {

bool parse_rpc_json(const std::string& text, rpc_json& out, std::string& error) {
  using parse_event = rpc_json::parse_event_t;
  std::vector<std::set<std::string>> keys; // of the objects and arrays that are open
  std::string problem;
  auto look = [&](int depth, parse_event what, const rpc_json& value) {
    switch (what) {
    case parse_event::object_start:
    case parse_event::array_start:
      if (depth >= rpc_server::max_depth)
        problem = "nested too deeply";
      keys.emplace_back();
      break;
    case parse_event::object_end:
    case parse_event::array_end: keys.pop_back(); break;
    case parse_event::key:
      if (!keys.back().insert(value.get<std::string>()).second)
        problem = "repeated key";
      break;
    case parse_event::value: break;
    }
    return problem.empty(); // what is refused is at least not kept
  };
  auto result = rpc_json::parse(text, look, false);
  if (!problem.empty() || result.is_discarded()) {
    error = problem.empty() ? "not JSON" : problem;
    return false;
  }
  out = std::move(result);
  return true;
}

} // namespace peerage
