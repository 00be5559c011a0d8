// SPDX-License-Identifier: MIT
#include "actors/status/http/http_head.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <algorithm>
#include <charconv>

namespace peerage {

namespace {

using boost::beast::iequals;

/// tchar of RFC 9110: what names are made of.
bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         others.find(c) != others.npos;
}

bool is_token(std::string_view x) {
  return !x.empty() && std::ranges::all_of(x, is_token_char);
}

bool is_visible(char c) {
  return c > ' ' && c < '\x7f';
}

/// Values may hold bytes beyond ASCII, but no control characters.
bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string_view trimmed(std::string_view x) {
  constexpr std::string_view blank = " \t";
  const auto begin = std::min(x.find_first_not_of(blank), x.size());
  x.remove_prefix(begin);
  return x.substr(0, x.find_last_not_of(blank) + 1);
}

http_reply refuse_head(http::status status, std::string_view why) {
  auto result = http_error(status, why);
  result.close = true;
  return result;
}

http_reply malformed(std::string_view why) {
  return refuse_head(http::status::bad_request, "this is not HTTP: " + std::string(why));
}

using head_problem = std::optional<http_reply>;

head_problem read_version(std::string_view text, http_head& out) {
  if (text.size() != 8 || !text.starts_with("HTTP/1.") || text[7] < '0' || text[7] > '9')
    return malformed("the version is not 1.0 or 1.1");
  // Later minor versions are to be read like 1.1.
  out.request.version(text[7] == '0' ? 10 : 11);
  return std::nullopt;
}

/// A path with its query; or "http://host/path", as in requests to proxies.
head_problem read_target(std::string_view target, http_head& out) {
  constexpr std::string_view scheme = "http://";
  if (target.size() > scheme.size() &&
      iequals({target.data(), scheme.size()}, {scheme.data(), scheme.size()})) {
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?"), target.size());
    out.authority = std::string(target.substr(0, end));
    target.remove_prefix(end);
  }
  std::string path(target);
  if (out.authority && !path.starts_with('/'))
    path.insert(0, "/");
  out.request.target(path);
  return std::nullopt;
}

head_problem read_first_line(std::string_view line, http_head& out) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last)
    return malformed("the first line is not a method, a target and a version");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  if (!is_token(method))
    return malformed("no method");
  if (target.empty() || !std::ranges::all_of(target, is_visible))
    return malformed("no target");
  out.request.method_string({method.data(), method.size()});
  if (auto wrong = read_version(line.substr(last + 1), out))
    return wrong;
  return read_target(target, out);
}

head_problem read_field(std::string_view line, http_head& out) {
  const auto colon = line.find(':');
  // Also refuses a continued line (obs-fold), and a space before the colon.
  if (colon == line.npos || !is_token(line.substr(0, colon)))
    return malformed("a line is no header field");
  const auto value = trimmed(line.substr(colon + 1));
  if (!std::ranges::all_of(value, is_value_char))
    return malformed("a header field has a control character");
  out.request.insert({line.data(), colon}, {value.data(), value.size()});
  return std::nullopt;
}

head_problem read_length(http_head& out) {
  const auto& fields = out.request;
  const auto count = fields.count(http::field::content_length);
  if (count == 0)
    return std::nullopt;
  if (count > 1)
    return malformed("more than one Content-Length");
  const auto text = fields[http::field::content_length];
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit))
    return malformed("Content-Length is no number");
  const auto [end, error] =
    std::from_chars(text.data(), text.data() + text.size(), out.length);
  if (error == std::errc::result_out_of_range)
    out.length = UINT64_MAX; // too much in any case
  return std::nullopt;
}

head_problem read_coding(http_head& out) {
  const auto& fields = out.request;
  const auto count = fields.count(http::field::transfer_encoding);
  if (count == 0)
    return std::nullopt;
  if (fields.count(http::field::content_length) > 0)
    return malformed("both Content-Length and Transfer-Encoding");
  if (fields.version() < 11)
    return malformed("HTTP/1.0 has no Transfer-Encoding");
  const auto text = fields[http::field::transfer_encoding];
  if (count > 1 || !iequals(text, "chunked"))
    return refuse_head(http::status::not_implemented,
                       "the only Transfer-Encoding that is understood is chunked");
  out.chunked = true;
  return std::nullopt;
}

head_problem read_expectation(http_head& out) {
  const auto& fields = out.request;
  const auto count = fields.count(http::field::expect);
  if (count == 0 || fields.version() < 11)
    return std::nullopt;
  if (count > 1 || !iequals(fields[http::field::expect], "100-continue"))
    return refuse_head(http::status::expectation_failed,
                       "the only expectation that is understood is 100-continue");
  out.expects_continue = out.has_body();
  return std::nullopt;
}

/// Cuts off the bytes before the next line end.
std::string_view next_line(std::string_view& rest) {
  const auto line = rest.substr(0, rest.find("\r\n"));
  rest.remove_prefix(line.size() + 2);
  return line;
}

/// Empty lines before a request: some clients send them after a body.
std::size_t leading_lines(std::string_view bytes) {
  std::size_t result = 0;
  while (bytes.substr(result).starts_with("\r\n"))
    result += 2;
  return result;
}

} // namespace

head_end find_head_end(std::string_view bytes) {
  using state = head_end::state;
  const auto begin = leading_lines(bytes);
  bool in_first_line = true;
  std::size_t line = begin;
  for (auto i = begin; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == '\r') {
      if (i + 1 == bytes.size())
        return {};
      if (bytes[i + 1] != '\n')
        return {state::malformed, 0};
      if (i == line)
        return {i > begin ? state::complete : state::malformed, i + 2};
      line = i + 2;
      in_first_line = false;
      ++i;
    } else if (c == '\n' || c == '\0' || (in_first_line && c != ' ' && !is_visible(c))) {
      return {state::malformed, 0};
    }
  }
  return {};
}

std::variant<http_head, http_reply> read_head(std::string_view bytes) {
  bytes.remove_prefix(leading_lines(bytes));
  http_head result;
  auto wrong = read_first_line(next_line(bytes), result);
  for (auto line = next_line(bytes); !wrong && !line.empty(); line = next_line(bytes))
    wrong = read_field(line, result);
  for (auto* read : {read_coding, read_length, read_expectation})
    if (!wrong)
      wrong = read(result);
  if (wrong)
    return *wrong;
  return result;
}

// -- the body ---------------------------------------------------------------------------

body_decoder::body_decoder(const http_head& head, std::uint64_t most)
    : part_(head.chunked ? part::size : part::data), chunked_(head.chunked), most_(most),
      left_(head.length) {}

body_decoder::state body_decoder::decode(std::string_view& from, std::string* to) {
  if (!chunked_ && left_ > most_)
    return state::too_long;
  for (;;) {
    if (part_ == part::none || (!chunked_ && left_ == 0))
      return state::complete;
    if (from.empty())
      return state::more;
    if (part_ == part::data) {
      const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, from.size()));
      if (to)
        to->append(from.substr(0, size));
      from.remove_prefix(size);
      left_ -= size;
      if (chunked_ && left_ == 0)
        part_ = part::data_return;
      continue;
    }
    const char c = from.front();
    from.remove_prefix(1);
    auto result = state::more;
    switch (part_) {
    case part::size: result = read_size(c); break;
    case part::extension:
      if (c == '\r')
        part_ = part::size_end;
      else if (!is_value_char(c))
        result = state::malformed;
      else if (++surplus_ > max_surplus)
        result = state::too_long;
      break;
    case part::size_end: result = c == '\n' ? end_of_size() : state::malformed; break;
    case part::data_return:
      part_ = part::data_end;
      result = c == '\r' ? state::more : state::malformed;
      break;
    case part::data_end:
      part_ = part::size;
      digits_ = 0;
      spaced_ = false;
      result = c == '\n' ? state::more : state::malformed;
      break;
    case part::trailer: // its fields are ignored
      if (c == '\r')
        part_ = part::trailer_end;
      else if (!is_value_char(c))
        result = state::malformed;
      else if (++surplus_ > max_surplus)
        result = state::too_long;
      else
        trailer_is_empty_ = false;
      break;
    case part::trailer_end:
      if (c != '\n')
        result = state::malformed;
      else if (++surplus_ > max_surplus)
        result = state::too_long;
      part_ = trailer_is_empty_ ? part::none : part::trailer;
      trailer_is_empty_ = true;
      break;
    case part::data:
    case part::none: break;
    }
    if (result != state::more)
      return result;
  }
}

body_decoder::state body_decoder::read_size(char c) {
  unsigned digit = 0;
  const auto [end, error] = std::from_chars(&c, &c + 1, digit, 16);
  if (error == std::errc{} && !spaced_) {
    left_ = 16 * left_ + digit; // within 64 bits, by the number of digits
    return ++digits_ <= max_size_digits ? state::more : state::malformed;
  }
  if (digits_ == 0)
    return state::malformed;
  if (c == '\r') {
    part_ = part::size_end;
    return state::more;
  }
  if (c == ';')
    part_ = part::extension;
  else if (c == ' ' || c == '\t')
    spaced_ = true;
  else
    return state::malformed;
  return ++surplus_ <= max_surplus ? state::more : state::too_long;
}

body_decoder::state body_decoder::end_of_size() {
  if (left_ > most_ - total_)
    return state::too_long;
  total_ += left_;
  part_ = left_ == 0 ? part::trailer : part::data;
  return state::more;
}

} // namespace peerage
