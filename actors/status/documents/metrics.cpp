// SPDX-License-Identifier: MIT
#include "actors/status/documents/metrics.hpp"

#include "actors/addresses/address_placement.hpp"
#include "actors/status/documents/process_metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace peerage {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;
using families = std::vector<MetricFamily>;

ClientMetric counter(std::uint64_t value, labels named) {
  ClientMetric result;
  result.label = std::move(named);
  result.counter.value = static_cast<double>(value);
  return result;
}

MetricFamily counters(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter, {}};
}

ClientMetric sample(std::uint64_t value, labels named = {}) {
  ClientMetric result;
  result.label = std::move(named);
  result.gauge.value = static_cast<double>(value);
  return result;
}

MetricFamily gauges(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge, {}};
}

MetricFamily gauge(std::string name, std::string help, std::uint64_t value) {
  auto result = gauges(std::move(name), std::move(help));
  result.metric.push_back(sample(value));
  return result;
}

MetricFamily histogram(std::string name, std::string help, const duration_histogram& x) {
  ClientMetric only;
  auto& to = only.histogram;
  const auto counts = x.counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    to.sample_count += counts[i];
    to.bucket.push_back({to.sample_count, i < x.bounds.size()
                                            ? x.bounds[i]
                                            : std::numeric_limits<double>::infinity()});
  }
  to.sample_sum = x.sum();
  return {std::move(name), std::move(help), MetricType::Histogram, {only}};
}

using by_reason = std::array<std::uint64_t, peer_exit_count + 1>;

std::string name_of(peer_direction x) {
  return std::string(to_string(x));
}

/// A counter for every reason that `wanted` accepts.
template <class Predicate>
void add_reasons(MetricFamily& to, const by_reason& counts, const std::string& label,
                 const labels& others, Predicate wanted) {
  for (std::size_t i = 1; i < counts.size(); ++i) {
    const auto reason = static_cast<peer_exit>(i);
    if (!wanted(reason))
      continue;
    auto all = others;
    all.push_back({label, std::string(to_string(reason))});
    to.metric.push_back(counter(counts[i], std::move(all)));
  }
}

/// False for ends of dials and inbound connections whose handshake did not begin, or had
/// finished before.
bool is_of_handshake(peer_exit x) {
  switch (x) {
  case peer_exit::connect_refused:
  case peer_exit::connect_timeout:
  case peer_exit::connect_failed:
  case peer_exit::out_of_reach:
  case peer_exit::no_descriptor:
  case peer_exit::feeler_done:
  case peer_exit::lacks_services:
  case peer_exit::inbound_limit:
  case peer_exit::address_limit:
  case peer_exit::subnet_limit:
  case peer_exit::connection_flood:
  case peer_exit::banned:
  case peer_exit::network_inactive: return false;
  default: return true;
  }
}

// -- peers -----------------------------------------------------------------------------

MetricFamily peers_by_state(const peer_set_snapshot& x) {
  auto result = gauges("peerage_peers_by_state",
                       "Peers in the set, by their direction and by whether they take "
                       "requests (ready) or are busy (unready).");
  auto add = [&](peer_direction direction, std::uint64_t all, std::uint64_t ready) {
    const ClientMetric::Label label{"direction", name_of(direction)};
    result.metric.push_back(sample(ready, {label, {"state", "ready"}}));
    result.metric.push_back(sample(all - ready, {label, {"state", "unready"}}));
  };
  add(peer_direction::inbound, x.inbound, x.ready_inbound);
  add(peer_direction::outbound, x.outbound, x.ready - x.ready_inbound);
  return result;
}

MetricFamily outbound_requests(const peer_set_snapshot& x) {
  auto result = counters("peerage_outbound_requests_total",
                         "Requests that were routed to a peer, once for each peer.");
  for (std::size_t i = 0; i < x.outbound_requests.size(); ++i)
    result.metric.push_back(
      counter(x.outbound_requests[i],
              {{"type", std::string(to_string(static_cast<request_kind>(i)))}}));
  return result;
}

MetricFamily exits(const peer_set_snapshot& x) {
  auto result = counters("peerage_peer_exits_total", "Peers that have left, by reason.");
  add_reasons(result, x.exits, "reason", {}, [](peer_exit) { return true; });
  return result;
}

void add_peers(families& to, const peer_set_snapshot& x) {
  to.push_back(gauge("peerage_peers",
                     "Peers in the set: the sum of their states, at the "
                     "same moment.",
                     x.total));
  to.push_back(peers_by_state(x));
  to.push_back(outbound_requests(x));
  to.push_back(exits(x));
}

// -- on their way to be peers ----------------------------------------------------------

/// The handshakes of one direction.
void add_handshakes(MetricFamily& to, peer_direction direction, const attempt_counts& x) {
  const labels directions{{"direction", name_of(direction)}};
  to.metric.push_back(counter(x.handshakes, {directions[0], {"outcome", "ready"}}));
  add_reasons(to, x.failures, "outcome", directions, is_of_handshake);
}

MetricFamily dials(const attempt_counts& x) {
  auto result =
    counters("peerage_dials_total", "Dials that ended, by their outcome: ready, "
                                    "or the reason why there was no peer.");
  result.metric.push_back(counter(x.offered, {{"outcome", "ready"}}));
  add_reasons(result, x.failures, "outcome", {}, [](peer_exit) { return true; });
  return result;
}

/// Whether a connection may be turned away for this, before its handshake.
bool is_refusal(peer_exit x) {
  switch (x) {
  case peer_exit::network_inactive:
  case peer_exit::banned:
  case peer_exit::connection_flood:
  case peer_exit::inbound_limit:
  case peer_exit::address_limit:
  case peer_exit::subnet_limit: return true;
  default: return false;
  }
}

void add_accepts(families& to, const attempt_counts& x) {
  to.push_back(gauge("peerage_accepts_in_flight",
                     "Inbound connections that shake hands, or wait for a place.",
                     x.in_flight));
  to.push_back(gauge("peerage_accepts_in_flight_limit",
                     "Inbound connections that may do so with the present peers.",
                     x.in_flight_limit));
  auto taken = counters("peerage_accepts_total",
                        "Inbound connections that were let in to shake hands.");
  taken.metric.push_back(counter(x.accepted, {}));
  to.push_back(std::move(taken));
  auto refused =
    counters("peerage_accepts_refused_total",
             "Inbound connections that were turned away at once, by reason.");
  add_reasons(refused, x.refused, "reason", {}, is_refusal);
  to.push_back(std::move(refused));
}

void add_dials(families& to, const attempt_counts& x) {
  to.push_back(gauge("peerage_dials_in_flight",
                     "Connections being opened, handshakes included.", x.in_flight));
  to.push_back(gauge("peerage_dials_in_flight_limit",
                     "Connections that may be opened at once.", x.in_flight_limit));
  to.push_back(dials(x));
}

/// What is counted for both directions, as far as their owners have answered.
void add_both(families& to, const node_metrics& x) {
  auto limits =
    gauges("peerage_peers_limit", "Peers that there may be, by direction; "
                                  "those that a person has added come on top.");
  auto handshakes = counters("peerage_handshakes_total",
                             "Handshakes that ended, by their outcome: ready, or the "
                             "reason why there was no peer.");
  auto add = [&](peer_direction direction, const std::optional<attempt_counts>& from) {
    if (!from)
      return;
    limits.metric.push_back(sample(from->limit, {{"direction", name_of(direction)}}));
    add_handshakes(handshakes, direction, *from);
  };
  add(peer_direction::inbound, x.accepts);
  add(peer_direction::outbound, x.dials);
  to.push_back(std::move(limits));
  to.push_back(std::move(handshakes));
}

// -- messages --------------------------------------------------------------------------

MetricFamily messages(std::string name, std::string help,
                      const node_counters::by_command& counts) {
  auto result = counters(std::move(name), std::move(help));
  for (std::size_t i = 0; i < counts.size(); ++i)
    result.metric.push_back(
      counter(counts[i].load(std::memory_order_relaxed),
              {{"command", std::string(to_string(static_cast<wire::command>(i)))}}));
  return result;
}

MetricFamily one_counter(std::string name, std::string help, std::uint64_t value) {
  auto result = counters(std::move(name), std::move(help));
  result.metric.push_back(counter(value, {}));
  return result;
}

void add_traffic(families& to, const node_context& x) {
  const auto& counted = x.counters;
  to.push_back(messages("peerage_received_messages_total",
                        "Messages from peers, handshakes included.",
                        counted.messages_received));
  to.push_back(messages("peerage_sent_messages_total",
                        "Messages to peers, handshakes included.",
                        counted.messages_sent));
  const auto& bytes = x.sockets->totals();
  to.push_back(
    one_counter("peerage_received_bytes_total", "Bytes from peers.", bytes.received));
  to.push_back(one_counter("peerage_sent_bytes_total", "Bytes to peers.", bytes.sent));
  to.push_back(histogram("peerage_handshake_duration_seconds",
                         "Time of handshakes that made a peer.", counted.handshakes));
  to.push_back(histogram("peerage_request_duration_seconds",
                         "Time of routed requests, however they ended.",
                         counted.requests));
  to.push_back(histogram("peerage_ping_duration_seconds", "Time to the answer of a ping.",
                         counted.pings));
}

// -- addresses and bans ----------------------------------------------------------------

void add_book(families& to, const address_book_snapshot& x) {
  auto known =
    gauges("peerage_addresses",
           "Addresses in the book, by network and by table: those only heard "
           "of (new), and those that a connection of ours has reached (tried).");
  for (const auto& network : x.networks) {
    const ClientMetric::Label label{"network", network.network};
    known.metric.push_back(sample(network.in_new, {label, {"table", "new"}}));
    known.metric.push_back(sample(network.in_tried, {label, {"table", "tried"}}));
  }
  to.push_back(std::move(known));
  auto limits = gauges("peerage_addresses_limit", "Places in the book, by table.");
  limits.metric.push_back(sample(new_buckets * slots_per_bucket, {{"table", "new"}}));
  limits.metric.push_back(sample(tried_buckets * slots_per_bucket, {{"table", "tried"}}));
  to.push_back(std::move(limits));
}

void add_bans(families& to, const ban_counts& x) {
  to.push_back(gauge("peerage_bans", "Bans in force.", x.bans));
  to.push_back(gauge("peerage_bans_limit", "Bans that there may be.", x.limit));
  to.push_back(gauge("peerage_scored_hosts", "Hosts that hold points for misbehaviour.",
                     x.scored_hosts));
  auto reports = counters("peerage_misbehaviours_total",
                          "Misbehaviour of remotes that cost points, by cause: one for "
                          "all of a second.");
  for (std::size_t i = 0; i < x.misbehaviours.size(); ++i)
    reports.metric.push_back(
      counter(x.misbehaviours[i],
              {{"cause", std::string(to_string(static_cast<misbehaviour>(i)))}}));
  to.push_back(std::move(reports));
}

// -- the node itself -------------------------------------------------------------------

/// By what is in the file, as far as the owners have answered.
void add_saves(families& to, const node_metrics& x) {
  auto done = counters("peerage_saves_total", "Writes of state to the disk, by file.");
  auto failed = counters("peerage_save_failures_total",
                         "Writes of state that failed, by file; they are repeated.");
  auto add = [&](const char* file, const auto& from) {
    if (!from)
      return;
    done.metric.push_back(counter(from->saves.done, {{"file", file}}));
    failed.metric.push_back(counter(from->saves.failed, {{"file", file}}));
  };
  add("addresses", x.addresses);
  add("bans", x.bans);
  add("dials", x.dials);
  to.push_back(std::move(done));
  to.push_back(std::move(failed));
}

MetricFamily info(std::string name, std::string help, labels named) {
  auto result = gauges(std::move(name), std::move(help));
  result.metric.push_back(sample(1, std::move(named)));
  return result;
}

/// "clang 14.0.6"
std::string compiler() {
#ifdef __clang__
  return "clang " + std::to_string(__clang_major__) + "." +
         std::to_string(__clang_minor__) + "." + std::to_string(__clang_patchlevel__);
#else
  return "gcc " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
         std::to_string(__GNUC_PATCHLEVEL__);
#endif
}

} // namespace

std::string render_metrics(const node_metrics& x) {
  families all;
  all.push_back(
    info("peerage_build_info", "This program.",
         {{"version", std::string(program_version())}, {"compiler", compiler()}}));
  all.push_back(info("peerage_node_info", "This node, by the chain it is part of.",
                     {{"chain", std::string(x.context->network.name)}}));
  if (x.peers)
    add_peers(all, *x.peers);
  add_both(all, x);
  if (x.dials)
    add_dials(all, *x.dials);
  if (x.accepts)
    add_accepts(all, *x.accepts);
  add_traffic(all, *x.context);
  if (x.addresses)
    add_book(all, *x.addresses);
  if (x.bans)
    add_bans(all, *x.bans);
  add_saves(all, x);
  all.push_back(histogram("peerage_event_loop_lag_seconds",
                          "How late the I/O threads look at a timer of one second.",
                          x.context->sockets->loop_lag()));
  all.push_back(histogram("peerage_mailbox_lag_seconds",
                          "How long a message waits for the peer set.", *x.mailbox_lag));
  std::ranges::move(process_metrics(), std::back_inserter(all));
  return prometheus::TextSerializer{}.Serialize(all);
}

} // namespace peerage
