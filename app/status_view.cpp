// SPDX-License-Identifier: MIT
#include "app/status_view.hpp"

#include "app/human_text.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace peerage {

namespace {

/// With fewer lines than this, the peers matter more than the summary.
constexpr std::size_t height_for_summary = 16;

constexpr std::size_t top_reasons = 4;

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

} // namespace

std::vector<std::string> status_lines(const status_report& report, double now,
                                      const view_size& size,
                                      const peer_selection& selection) {
  constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
  auto height = size.height.value_or(unlimited);
  auto result = summary_lines(report, height < height_for_summary);
  for (auto& line : result)
    line = cut(std::move(line), size.width.value_or(unlimited));
  auto places = select_peers(report.peers, selection, now);
  if (!places.empty()) {
    result.emplace_back();
    auto used = result.size() + 1; // with the headings
    auto room = height > used ? height - used : 0;
    auto all = places.size();
    auto shown = all <= room ? all : std::max<std::size_t>(room, 1) - 1;
    places.resize(shown);
    auto table = peer_table_lines(report.peers, places, now, size.width);
    result.insert(result.end(), table.begin(), table.end());
    if (shown < all)
      result.push_back(cut("... and " + std::to_string(all - shown) + " more",
                           size.width.value_or(unlimited)));
  }
  result.resize(std::min(result.size(), height));
  return result;
}

} // namespace peerage
