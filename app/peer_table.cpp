// SPDX-License-Identifier: MIT
#include "app/peer_table.hpp"

#include "app/human_text.hpp"
#include "app/text_table.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <string_view>
#include <tuple>

namespace peerage {

namespace {

/// "/Satoshi:28.1.0/"; comments in brackets may be cut.
constexpr std::size_t usual_version_width = 16;

/// "full" is short for outbound-full-relay, and the direction tells inbound already.
std::string type_text(const std::string& type) {
  if (type == "outbound-full-relay")
    return "full";
  return type == "inbound" ? "" : type;
}

std::string network_text(const std::string& address) {
  if (address.find(".onion") != address.npos)
    return "onion";
  return address.starts_with('[') ? "ipv6" : "ipv4";
}

std::string ping_text(const std::optional<double>& seconds) {
  return seconds ? latency_text(*seconds) : "-";
}

std::string ago_text(const std::optional<double>& at, double now) {
  return at ? short_duration_text(now - *at) : "-";
}

using peer = const peer_report&;

/// The larger, the later in order.
using sort_key = std::optional<double>;

/// One column, how it shows a peer, and by what it is sorted: without a key by its text.
struct peer_column {
  table_column column;
  std::function<std::string(peer, double now)> cell;
  std::function<sort_key(peer)> key{};
};

/// By the time that has passed since then.
sort_key age_key(const std::optional<double>& at) {
  return at ? sort_key(-*at) : std::nullopt;
}

sort_key count_key(std::uint64_t x) {
  return static_cast<double>(x);
}

const std::vector<peer_column>& peer_columns() {
  constexpr auto right = alignment::right;
  constexpr auto left = alignment::left;
  static const std::vector<peer_column> result{
    {{"id", right, 98},
     [](peer x, double) { return std::to_string(x.id); },
     [](peer x) { return count_key(x.id); }},
    {{"dir", left, 95}, [](peer x, double) { return x.outbound ? "out" : "in"; }},
    {{"type", left, 75}, [](peer x, double) { return type_text(x.type); }},
    {{"net", left, 50}, [](peer x, double) { return network_text(x.address); }},
    {{"state", left, 25}, [](peer x, double) { return x.ready ? "ready" : "unready"; }},
    {{"min ping", right, 90},
     [](peer x, double) { return ping_text(x.lowest_ping); },
     [](peer x) { return x.lowest_ping; }},
    {{"ping", right, 30},
     [](peer x, double) { return ping_text(x.ping); },
     [](peer x) { return x.ping; }},
    {{"send", right, 65},
     [](peer x, double now) { return ago_text(x.last_sent, now); },
     [](peer x) { return age_key(x.last_sent); }},
    {{"recv", right, 70},
     [](peer x, double now) { return ago_text(x.last_received, now); },
     [](peer x) { return age_key(x.last_received); }},
    {{"txn", right, 55},
     [](peer x, double now) { return ago_text(x.last_transaction, now); },
     [](peer x) { return age_key(x.last_transaction); }},
    {{"blk", right, 60},
     [](peer x, double now) { return ago_text(x.last_block, now); },
     [](peer x) { return age_key(x.last_block); }},
    {{"age", right, 40},
     [](peer x, double now) { return ago_text(x.connected_since, now); },
     [](peer x) { return age_key(x.connected_since); }},
    {{"received", right, 20},
     [](peer x, double) { return size_text(x.bytes_received); },
     [](peer x) { return count_key(x.bytes_received); }},
    {{"sent", right, 15},
     [](peer x, double) { return size_text(x.bytes_sent); },
     [](peer x) { return count_key(x.bytes_sent); }},
    {{"address", left, 100}, [](peer x, double) { return x.address; }},
    {{"proto", right, 35},
     [](peer x, double) { return std::to_string(x.protocol_version); },
     [](peer x) { return count_key(x.protocol_version); }},
    {{"version", left, 80, usual_version_width},
     [](peer x, double) { return x.user_agent; }},
  };
  return result;
}

std::string name_of(const peer_column& x) {
  auto result = x.column.heading;
  std::ranges::replace(result, ' ', '-');
  return result;
}

const peer_column* find_column(std::string_view name) {
  auto found = std::ranges::find(peer_columns(), name, name_of);
  return found == peer_columns().end() ? nullptr : &*found;
}

std::string lower_case(std::string text) {
  for (auto& c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// Whether a column, or any if there is none, shows the text.
class peer_filter {
public:
  explicit peer_filter(const std::string& text) : text_(lower_case(text)) {
    const auto equals = text_.find('=');
    if (equals == text_.npos)
      return;
    column_ = find_column(std::string_view(text_).substr(0, equals));
    if (column_)
      text_.erase(0, equals + 1);
  }

  bool accepts(peer x, double now) const {
    if (column_)
      return shows(*column_, x, now);
    return std::ranges::any_of(
      peer_columns(), [&](const peer_column& each) { return shows(each, x, now); });
  }

private:
  bool shows(const peer_column& which, peer x, double now) const {
    return lower_case(which.cell(x, now)).find(text_) != std::string::npos;
  }

  std::string text_;
  const peer_column* column_ = nullptr;
};

/// Peers that the column shows nothing of come last, in either order.
bool comes_before(peer a, peer b, const peer_column& column, bool reverse, double now) {
  if (!column.key) {
    const auto order = column.cell(a, now).compare(column.cell(b, now));
    return reverse ? order > 0 : order < 0;
  }
  const auto x = column.key(a);
  const auto y = column.key(b);
  if (!x || !y)
    return x && !y;
  return reverse ? *x > *y : *x < *y;
}

} // namespace

std::vector<std::string> peer_column_names() {
  std::vector<std::string> result;
  for (const auto& x : peer_columns())
    result.push_back(name_of(x));
  return result;
}

std::vector<std::size_t> select_peers(const std::vector<peer_report>& peers,
                                      const peer_selection& how, double now) {
  const peer_filter filter{how.filter};
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < peers.size(); ++i)
    if (how.filter.empty() || filter.accepts(peers[i], now))
      result.push_back(i);
  std::ranges::sort(result, {}, [&](std::size_t i) {
    const auto& x = peers[i];
    return std::tuple(
      !x.outbound, x.lowest_ping.value_or(std::numeric_limits<double>::infinity()), x.id);
  });
  if (const auto* column = find_column(how.sort))
    std::ranges::stable_sort(result, [&](std::size_t a, std::size_t b) {
      return comes_before(peers[a], peers[b], *column, how.reverse, now);
    });
  else if (how.reverse)
    std::ranges::reverse(result);
  return result;
}

std::vector<std::string> peer_table_lines(const std::vector<peer_report>& peers,
                                          const std::vector<std::size_t>& places,
                                          double now, std::optional<std::size_t> width) {
  std::vector<table_column> columns;
  for (const auto& x : peer_columns())
    columns.push_back(x.column);
  text_table table{std::move(columns)};
  for (auto i : places) {
    std::vector<std::string> cells;
    for (const auto& column : peer_columns())
      cells.push_back(column.cell(peers[i], now));
    table.add_row(std::move(cells));
  }
  return table.lines(width);
}

} // namespace peerage
