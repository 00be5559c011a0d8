// SPDX-License-Identifier: MIT
#include "app/status_view.hpp"

#include "app/human_text.hpp"
#include "app/text_table.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <string_view>
#include <tuple>

namespace peerage {

namespace {

/// With fewer lines than this, the peers matter more than the summary.
constexpr std::size_t height_for_summary = 16;

constexpr std::size_t top_reasons = 4;

/// "/Satoshi:28.1.0/"; comments in brackets may be cut.
constexpr std::size_t usual_version_width = 16;

// -- the summary ------------------------------------------------------------------------

/// "3 remote_closed, 1 ping_timeout, 2 others": the highest counts first.
std::string top_counts_text(named_counts counts) {
  std::ranges::stable_sort(counts, std::greater{}, &named_counts::value_type::second);
  std::string result;
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (i >= top_reasons) {
      others += counts[i].second;
      continue;
    }
    result += (i > 0 ? ", " : "") + std::to_string(counts[i].second) + " ";
    result += counts[i].first;
  }
  if (others > 0)
    result += ", " + std::to_string(others) + " others";
  return result.empty() ? "none" : result;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const auto& text : texts)
    result += (result.empty() ? "" : ", ") + text;
  return result.empty() ? "nowhere" : result;
}

std::string node_line(const status_report& x) {
  auto result = x.name + " " + x.version + " on " + x.network + ", up " +
                duration_text(x.uptime) + ", pid " + std::to_string(x.pid) + ", " +
                x.user_agent;
  return x.network_active ? result : result + ", NETWORK OFF";
}

std::string peers_line(const status_report& x) {
  return "peers      " + std::to_string(x.total) + ": " + std::to_string(x.ready) +
         " ready, " + std::to_string(x.unready) + " unready; " +
         std::to_string(x.outbound) + " outbound, " + std::to_string(x.inbound) +
         " inbound";
}

std::vector<std::string> summary_lines(const status_report& x, bool brief) {
  if (brief)
    return {node_line(x), peers_line(x)};
  return {
    node_line(x),
    "listening  " + joined(x.listening),
    peers_line(x),
    "dials      " + std::to_string(x.dialing) + " in flight, " +
      std::to_string(x.handshaking) +
      " in handshake; failed: " + top_counts_text(x.failures),
    "traffic    " + size_text(x.bytes_received) + " received, " +
      size_text(x.bytes_sent) + " sent",
    "addresses  " + std::to_string(x.known_addresses) + " known, " +
      std::to_string(x.tried_addresses) + " tried; " + std::to_string(x.bans) + " banned",
    "peers left " + top_counts_text(x.exits),
  };
}

// -- the peers --------------------------------------------------------------------------

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

/// One column, and how it shows a peer.
struct peer_column {
  table_column column;
  std::function<std::string(const peer_report&, double now)> cell;
};

using peer = const peer_report&;

const std::vector<peer_column>& peer_columns() {
  constexpr auto right = alignment::right;
  constexpr auto left = alignment::left;
  static const std::vector<peer_column> result{
    {{"id", right, 45}, [](peer x, double) { return std::to_string(x.id); }},
    {{"dir", left, 95}, [](peer x, double) { return x.outbound ? "out" : "in"; }},
    {{"type", left, 75}, [](peer x, double) { return type_text(x.type); }},
    {{"net", left, 50}, [](peer x, double) { return network_text(x.address); }},
    {{"state", left, 25}, [](peer x, double) { return x.ready ? "ready" : "unready"; }},
    {{"min ping", right, 90}, [](peer x, double) { return ping_text(x.lowest_ping); }},
    {{"ping", right, 30}, [](peer x, double) { return ping_text(x.ping); }},
    {{"send", right, 65}, [](peer x, double now) { return ago_text(x.last_sent, now); }},
    {{"recv", right, 70},
     [](peer x, double now) { return ago_text(x.last_received, now); }},
    {{"txn", right, 55},
     [](peer x, double now) { return ago_text(x.last_transaction, now); }},
    {{"blk", right, 60}, [](peer x, double now) { return ago_text(x.last_block, now); }},
    {{"age", right, 40},
     [](peer x, double now) { return ago_text(x.connected_since, now); }},
    {{"received", right, 20}, [](peer x, double) { return size_text(x.bytes_received); }},
    {{"sent", right, 15}, [](peer x, double) { return size_text(x.bytes_sent); }},
    {{"address", left, 100}, [](peer x, double) { return x.address; }},
    {{"proto", right, 35},
     [](peer x, double) { return std::to_string(x.protocol_version); }},
    {{"version", left, 80, usual_version_width},
     [](peer x, double) { return x.user_agent; }},
  };
  return result;
}

std::vector<const peer_report*> in_order(const std::vector<peer_report>& peers) {
  std::vector<const peer_report*> result;
  result.reserve(peers.size());
  for (const auto& x : peers)
    result.push_back(&x);
  std::ranges::sort(result, {}, [](const peer_report* x) {
    return std::tuple(!x->outbound,
                      x->lowest_ping.value_or(std::numeric_limits<double>::infinity()),
                      x->id);
  });
  return result;
}

/// The headings and the first `count` peers.
std::vector<std::string> table_lines(const std::vector<peer_report>& peers,
                                     std::size_t count, double now,
                                     std::optional<std::size_t> width) {
  std::vector<table_column> columns;
  for (const auto& x : peer_columns())
    columns.push_back(x.column);
  text_table table{std::move(columns)};
  auto shown = in_order(peers);
  shown.resize(std::min(count, shown.size()));
  for (const auto* x : shown) {
    std::vector<std::string> cells;
    for (const auto& column : peer_columns())
      cells.push_back(column.cell(*x, now));
    table.add_row(std::move(cells));
  }
  return table.lines(width);
}

} // namespace

std::vector<std::string> status_lines(const status_report& report, double now,
                                      const view_size& size) {
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  auto height = size.height.value_or(unlimited);
  auto result = summary_lines(report, height < height_for_summary);
  for (auto& line : result)
    line = cut(std::move(line), size.width.value_or(unlimited));
  if (!report.peers.empty()) {
    result.emplace_back();
    auto used = result.size() + 1; // with the headings
    auto room = height > used ? height - used : 0;
    auto all = report.peers.size();
    auto shown = all <= room ? all : std::max<std::size_t>(room, 1) - 1;
    auto table = table_lines(report.peers, shown, now, size.width);
    result.insert(result.end(), table.begin(), table.end());
    if (shown < all)
      result.push_back(cut("... and " + std::to_string(all - shown) + " more",
                           size.width.value_or(unlimited)));
  }
  result.resize(std::min(result.size(), height));
  return result;
}

} // namespace peerage
