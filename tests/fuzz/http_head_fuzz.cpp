// SPDX-License-Identifier: MIT
#include "actors/status/http/host_check.hpp"
#include "actors/status/http/http_head.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <algorithm>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;

namespace {

using state = body_decoder::state;

constexpr std::uint64_t most_body = 1'000;

std::string_view view(boost::beast::string_view x) {
  return {x.data(), x.size()};
}

bool is_one_line(std::string_view x) {
  return std::ranges::none_of(x,
                              [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// How a body has ended.
struct decoded {
  state result = state::more;
  std::string body;
  std::size_t taken = 0;
};

decoded decode(const http_head& head, std::string_view from, std::size_t piece) {
  body_decoder decoder{head, most_body};
  decoded result;
  do {
    auto part = from.substr(result.taken, piece);
    const auto size = part.size();
    result.result = decoder.decode(part, &result.body);
    result.taken += size - part.size();
    require(result.result != state::more || part.empty(), "no byte is left lying");
  } while (result.result == state::more && result.taken < from.size());
  return result;
}

void check_body(const http_head& head, std::string_view bytes, std::size_t piece) {
  const auto whole = decode(head, bytes, bytes.size() + 1);
  const auto split = decode(head, bytes, piece);
  require(whole.result == split.result && whole.body == split.body,
          "every split gives the same");
  require(whole.result != state::complete || whole.taken == split.taken,
          "and ends at the same byte");
  require(whole.body.size() <= most_body, "no body is longer than allowed");
  require(head.chunked || whole.result != state::malformed, "a length has no form");
  if (head.chunked)
    require(whole.taken <= whole.body.size() * 24 + 4 * body_decoder::max_surplus,
            "little stands around a body");
  else
    require(whole.result != state::complete || whole.body.size() == head.length,
            "a body has its length");
  body_decoder decoder{head, most_body};
  require(decoder.decode(bytes, nullptr) == whole.result, "nobody has to take it");
}

/// The same head in the one form that it could have been sent in.
std::string text_of(const http_head& head) {
  const auto& request = head.request;
  auto result = std::string(view(request.method_string())) + " ";
  if (head.authority)
    result += "http://" + *head.authority;
  result += std::string(view(request.target())) +
            (request.version() == 10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const auto& x : request) {
    result += std::string(view(x.name_string())) + ": ";
    result += std::string(view(x.value())) + "\r\n";
  }
  return result + "\r\n";
}

void check_head(const http_head& head) {
  const auto& request = head.request;
  require(is_one_line(view(request.target())) && !request.target().empty(),
          "a target is one line");
  for (const auto& x : request)
    require(!x.name_string().empty() && is_one_line(view(x.name_string())) &&
              is_one_line(view(x.value())),
            "a field is one line");
  require(!head.chunked || head.length == 0, "a body has its end in one way");
  require(!head.expects_continue || head.has_body(), "only a body can be waited for");
  endpoint bound;
  if (head.authority)
    static_cast<void>(host_allowed(*head.authority, bound, {}));
  static_cast<void>(host_allowed(view(request[http::field::host]), bound, {}));

  const auto text = text_of(head);
  const auto end = find_head_end(text);
  require(end.found == head_end::state::complete && end.size == text.size(),
          "what was read can be written");
  const auto read = read_head(text);
  require(std::holds_alternative<http_head>(read), "and read");
  const auto& again = std::get<http_head>(read);
  require(text_of(again) == text && again.chunked == head.chunked &&
            again.length == head.length &&
            again.expects_continue == head.expects_continue &&
            again.authority == head.authority,
          "and is the same");
}

} // namespace

/// First three bytes: how the others arrive; the rest: a request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_input in{data, size};
  const auto piece = 1 + in.below(64);
  const auto first = in.number<std::uint16_t>();
  const auto bytes = in.rest();
  const auto end = find_head_end(bytes);
  const auto seen = find_head_end(bytes.substr(0, first));
  require(seen.found == head_end::state::incomplete ||
            (seen.found == end.found && seen.size == end.size),
          "the first bytes tell no other end");
  require(end.found != head_end::state::complete || first < end.size ||
            seen.found == end.found,
          "nor none");
  if (end.found != head_end::state::complete)
    return 0;
  require(end.size <= bytes.size() && bytes.substr(0, end.size).ends_with("\r\n\r\n"),
          "a head ends with an empty line");
  const auto read = read_head(bytes.substr(0, end.size));
  if (const auto* refusal = std::get_if<http_reply>(&read)) {
    require(static_cast<unsigned>(refusal->status) >= 400 && refusal->close,
            "a refusal closes the connection");
    return 0;
  }
  const auto& head = std::get<http_head>(read);
  check_head(head);
  if (head.has_body())
    check_body(head, bytes.substr(end.size), piece);
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (
    std::string_view text :
    {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
     "\r\nHEAD /status?x=1 HTTP/1.0\r\nhost:\t[::1]:1 \r\n\r\n",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
     "100-continue\r\n\r\n5\r\nhello\r\n1;a=\"b\" \r\n!\r\n0 \r\nTrailer: x\r\n\r\nGET",
     "POST http://127.0.0.1:8645/a?b HTTP/1.9\r\n\r\n", "POST http://h? HTTP/1.1\r\n\r\n",
     "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
     "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"}) {
    auto& x = result.emplace_back(3, std::uint8_t{6});
    x.insert(x.end(), text.begin(), text.end());
  }
  return result;
}
