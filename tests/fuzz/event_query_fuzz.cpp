// SPDX-License-Identifier: MIT
#include "actors/status/events/event_query.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;

namespace {

constexpr std::string_view good_key = "dGhlIHNhbXBsZSBub25jZQ==";

/// A header at times, with a value that is often the right one.
void add(fuzz_input& in, http_request& to, http::field name, std::string_view right) {
  std::string value{right};
  switch (in.below(8)) {
  case 0:
  case 1:
  case 2: return;
  case 3: value = in.text(in.below(32)); break;
  case 4: to.insert(name, right.data()); break; // twice
  case 5: value.resize(in.below(value.size() + 1)); break;
  default: break;
  }
  to.insert(name, value);
}

http_request drawn_request(fuzz_input& in) {
  http_request result;
  result.version(11);
  result.method(in.rarely(16) ? http::verb::head : http::verb::get);
  add(in, result, http::field::host, "127.0.0.1:8645");
  add(in, result, http::field::origin, "http://127.0.0.1:8645");
  add(in, result, http::field::accept, "text/html, text/event-stream;q=0.5");
  add(in, result, http::field::connection, "keep-alive, Upgrade");
  add(in, result, http::field::upgrade, "websocket");
  add(in, result, http::field::sec_websocket_version, "13");
  add(in, result, http::field::sec_websocket_key, good_key);
  if (in.coin())
    result.insert("Last-Event-ID", std::string(in.text(in.below(21))));
  result.target("/events" + std::string(in.rest()));
  return result;
}

/// The query that asks for the same.
std::string text_of(const event_query& x) {
  std::string result;
  for (std::size_t i = 0; i < event_type_count; ++i)
    if (const auto type = static_cast<event_type>(i);
        (x.filter.types & bit_of(type)) != 0)
      result +=
        (result.empty() ? "/events?types=" : "%2C") + std::string(to_string(type));
  return result + (x.from ? "&from=" + std::to_string(*x.from) : "");
}

} // namespace

/// First the headers; the rest: what stands behind the path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  const auto request = drawn_request(in);
  event_query query;
  const auto refusal = read_event_query(request, query);
  if (wants_events(request))
    require(request.method() == http::verb::get, "only GET asks for events");
  if (refusal) {
    require(static_cast<unsigned>(refusal->status) >= 400 &&
              !refusal->body.view().empty(),
            "a refusal says why");
    return 0;
  }
  require(query.filter.types != 0, "some events are asked for");
  require(!query.from || *query.from > 0, "events count from 1");
  const auto key = request[http::field::sec_websocket_key];
  require((query.form == event_form::websocket) == (key.size() == good_key.size()),
          "a WebSocket has its key, and nothing else has");

  http_request plain;
  plain.method(http::verb::get);
  plain.target(text_of(query));
  event_query again;
  require(wants_events(plain) && !read_event_query(plain, again),
          "what was asked can be asked in a plain way");
  const auto all = (std::uint32_t{1} << event_type_count) - 1;
  require((again.filter.types & all) == (query.filter.types & all) &&
            again.from == query.from && again.form == event_form::lines,
          "and is the same");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  const std::vector<std::vector<std::uint8_t>> heads{
    {0, 0, 0, 0, 0, 0, 0, 0, 0},              // no header
    {0, 7, 7, 0, 0, 0, 0, 0, 0},              // a page of ours
    {0, 7, 7, 7, 0, 0, 0, 0, 1, 2, '4', '2'}, // that goes on
    {0, 7, 7, 0, 7, 7, 7, 7, 0}};             // by WebSocket
  for (const auto& head : heads)
    for (std::string_view text :
         {"", "?from=1", "?types=peer_ready,peer_left&from=18446744073709551615",
          "?types=%70eer_ready%2cban_added", "?from=0", "?types=", "?x=1", "?from=%3"}) {
      auto& x = result.emplace_back(head);
      x.insert(x.end(), text.begin(), text.end());
    }
  return result;
}
