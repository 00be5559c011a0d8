// SPDX-License-Identifier: MIT
#include "messages/host_name.hpp"

#include <algorithm>
#include <charconv>

namespace peerage {

namespace {

constexpr std::size_t max_label_length = 63;
constexpr std::size_t max_host_length = 253;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_label(std::string_view x) {
  auto is_inside = [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_';
  };
  return !x.empty() && x.size() <= max_label_length && x.front() != '-' &&
         x.back() != '-' && std::ranges::all_of(x, is_inside);
}

bool is_host(std::string_view x) {
  if (x.empty() || x.size() > max_host_length)
    return false;
  for (;;) {
    const auto dot = x.find('.');
    const auto label = x.substr(0, dot);
    if (!is_label(label))
      return false;
    if (dot == x.npos)
      return !std::ranges::all_of(label, is_digit);
    x.remove_prefix(dot + 1);
  }
}

} // namespace

std::string to_string(const host_name& x) {
  return x.host + ":" + std::to_string(x.port);
}

bool parse_host_name(std::string_view text, std::uint16_t default_port, host_name& out) {
  auto port = default_port;
  const auto colon = text.find(':');
  if (colon != text.npos) {
    const auto digits = text.substr(colon + 1);
    const auto* last = digits.data() + digits.size();
    auto [end, error] = std::from_chars(digits.data(), last, port);
    if (error != std::errc{} || end != last)
      return false;
  }
  auto host = text.substr(0, colon);
  if (host.ends_with('.'))
    host.remove_suffix(1);
  if (port == 0 || !is_host(host))
    return false;
  out.port = port;
  out.host = host;
  for (auto& c : out.host)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return true;
}

} // namespace peerage
