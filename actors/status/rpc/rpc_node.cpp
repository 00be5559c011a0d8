// SPDX-License-Identifier: MIT
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

/// Calls about the process.
namespace peerage {

namespace {

/// What malloc tells of itself, as XML; empty if the system cannot tell.
std::string malloc_report() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&text, &size);
  if (stream == nullptr)
    return {};
  ::malloc_info(0, stream);
  std::fclose(stream);
  std::string result{text, size};
  std::free(text);
  return result;
}

/// "stats" is about memory locked for keys: there are none here.
rpc_json describe_memory(const std::string& mode) {
  if (mode == "stats")
    return {{"locked",
             {{"used", 0},
              {"free", 0},
              {"total", 0},
              {"locked", 0},
              {"chunks_used", 0},
              {"chunks_free", 0}}}};
  if (mode == "mallocinfo")
    return malloc_report();
  throw rpc_error{rpc_code::invalid_parameter, "unknown mode " + mode, {}};
}

void help(const rpc_methods& all, const rpc_arguments& given, const rpc_done& done) {
  const auto name = given.text_or("command", "");
  if (!name.empty()) {
    const auto* method = all.find(name);
    return done(method ? rpc_json(method->help)
                       : rpc_json("help: unknown command: " + name));
  }
  std::vector<std::string> lines;
  for (const auto& x : all.all())
    if (!x.hidden)
      lines.push_back(x.help.substr(0, x.help.find('\n')));
  std::ranges::sort(lines);
  std::string text;
  for (const auto& line : lines)
    text += (text.empty() ? "" : "\n") + line;
  done(rpc_json(text));
}

} // namespace

void add_node_methods(rpc_methods& to) {
  to.add({"uptime",
          {},
          "uptime\nSeconds since the start.",
          [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
            answer_call<node_snapshot>(self, self->state.manager, get_node_snapshot{},
                                       done, [](const node_snapshot& x) {
                                         return rpc_json(
                                           static_cast<std::int64_t>(x.uptime));
                                       });
          }});
  // Bitcoin Core's test framework passes a time to wait before the stop; it is ignored.
  to.add({"stop",
          {{"wait", rpc_type::number}},
          "stop\nStops the node in order, as SIGTERM does.",
          [](status_pointer, const rpc_arguments&, const rpc_done& done) {
            done(rpc_json("peerage stopping"));
            // The same way as a signal from outside, so that there is only one way to
            // stop.
            ::kill(::getpid(), SIGTERM);
          }});
  to.add({"getrpcinfo",
          {},
          "getrpcinfo\nThe state of this interface.",
          [](status_pointer, const rpc_arguments&, const rpc_done& done) {
            done(
              rpc_json{{"active_commands", {{{"method", "getrpcinfo"}, {"duration", 0}}}},
                       {"logpath", ""}});
          }});
  to.add(
    {"getmemoryinfo",
     {{"mode"}},
     "getmemoryinfo ( \"mode\" )\n\"stats\": memory locked for secrets, of which "
     "this node has none. \"mallocinfo\": the report of the system's malloc, as XML.",
     [](status_pointer, const rpc_arguments& given, const rpc_done& done) {
       done(describe_memory(given.text_or("mode", "stats")));
     }});
  to.add({"help",
          {{"command"}},
          "help ( \"command\" )\nLists the calls, or describes one of them.",
          [](status_pointer self, const rpc_arguments& given, const rpc_done& done) {
            help(*self->state.methods, given, done);
          }});
}

} // namespace peerage
