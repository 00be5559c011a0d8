// SPDX-License-Identifier: MIT
#include "app/json_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace peerage {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Behind the string that begins at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\')
      ++at;
  return std::min(at + 1, text.size());
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at]))
    ++at;
  return at;
}

/// Behind the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const auto c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (depth == 0)
        return at;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_blank(c)))
      return at;
    if (c == '{' || c == '[')
      ++depth;
    ++at;
    if ((c == '}' || c == ']') && --depth == 0)
      return at;
  }
  return at;
}

std::string escaped(unsigned character) {
  std::array<char, 8> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "\\u%04x", character);
  return buffer.data();
}

/// A string with its quotes; JSON itself allows no control character below a space.
void append_string(std::string& to, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == 0x7f) {
      to += escaped(byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) { // U+0080 to U+009F
      to += escaped(next);
      ++i;
    } else {
      to += text[i];
    }
  }
}

void begin_line(std::string& to, std::size_t depth) {
  to += '\n';
  to.append(2 * depth, ' ');
}

} // namespace

std::string_view member_text(std::string_view object, std::string_view name) {
  auto at = skip_blanks(object, 0);
  if (at == object.size() || object[at] != '{')
    return {};
  for (at = skip_blanks(object, at + 1); at < object.size() && object[at] == '"';) {
    const auto key_end = end_of_string(object, at);
    const auto key = object.substr(at + 1, key_end - at - 2);
    const auto colon = skip_blanks(object, key_end);
    const auto value = skip_blanks(object, colon + 1);
    const auto end = end_of_value(object, value);
    if (key == name)
      return object.substr(value, end - value);
    at = skip_blanks(object, end);
    at = skip_blanks(object, at + 1); // behind the comma
  }
  return {};
}

std::string pretty_json(std::string_view document) {
  std::string result;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < document.size();) {
    const auto c = document[at];
    if (c == '"') {
      const auto end = end_of_string(document, at);
      append_string(result, document.substr(at, end - at));
      at = end;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      result += c;
      const auto next = skip_blanks(document, at);
      if (next < document.size() && (document[next] == '}' || document[next] == ']')) {
        result += document[next];
        at = next + 1;
      } else {
        begin_line(result, ++depth);
      }
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1 : 0;
      begin_line(result, depth);
      result += c;
    } else if (c == ',') {
      result += c;
      begin_line(result, depth);
    } else if (c == ':') {
      result += ": ";
    } else if (!is_blank(c)) {
      result += c;
    }
  }
  return result;
}

} // namespace peerage
