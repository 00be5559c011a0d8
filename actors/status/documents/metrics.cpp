// SPDX-License-Identifier: MIT
#include "actors/status/documents/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <limits>

namespace peerage {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

ClientMetric counter(std::uint64_t value, labels named) {
  ClientMetric result;
  result.label = std::move(named);
  result.counter.value = static_cast<double>(value);
  return result;
}

MetricFamily counters(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter, {}};
}

MetricFamily gauge(std::string name, std::string help, std::uint64_t value) {
  ClientMetric only;
  only.gauge.value = static_cast<double>(value);
  return {std::move(name), std::move(help), MetricType::Gauge, {only}};
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

MetricFamily handshakes(const node_metrics& x) {
  auto result = counters("peerage_handshakes_total",
                         "Handshakes that ended, by their outcome: ready, "
                         "or the reason why there was no peer.");
  for (auto direction : {peer_direction::inbound, peer_direction::outbound}) {
    const auto& from = direction == peer_direction::inbound ? x.accepts : x.dials;
    const labels directions{{"direction", std::string(to_string(direction))}};
    result.metric.push_back(
      counter(from.handshakes, {directions[0], {"outcome", "ready"}}));
    add_reasons(result, from.failures, "outcome", directions, is_of_handshake);
  }
  return result;
}

MetricFamily dials(const node_metrics& x) {
  auto result =
    counters("peerage_dials_total", "Dials that ended, by their outcome: ready, "
                                    "or the reason why there was no peer.");
  result.metric.push_back(counter(x.dials.offered, {{"outcome", "ready"}}));
  add_reasons(result, x.dials.failures, "outcome", {}, [](peer_exit) { return true; });
  return result;
}

MetricFamily messages(const node_counters& x) {
  auto result = counters("peerage_messages_total",
                         "Messages to and from peers, handshakes included.");
  auto add = [&](const char* direction, const node_counters::by_command& counts) {
    for (std::size_t i = 0; i < counts.size(); ++i)
      result.metric.push_back(
        counter(counts[i].load(std::memory_order_relaxed),
                {{"direction", direction},
                 {"command", std::string(to_string(static_cast<wire::command>(i)))}}));
  };
  add("received", x.messages_received);
  add("sent", x.messages_sent);
  return result;
}

MetricFamily bytes(const traffic_totals& x) {
  auto result = counters("peerage_bytes_total", "Bytes to and from peers.");
  result.metric.push_back(counter(x.received, {{"direction", "received"}}));
  result.metric.push_back(counter(x.sent, {{"direction", "sent"}}));
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

} // namespace

std::string render_metrics(const node_metrics& x) {
  const auto& counted = x.context->counters;
  return prometheus::TextSerializer{}.Serialize({
    gauge("peerage_peers", "Peers in the set.", x.peers.total),
    gauge("peerage_peers_ready", "Peers that take requests.", x.peers.ready),
    gauge("peerage_peers_unready", "Peers that are busy.", x.peers.unready),
    gauge("peerage_dials_in_flight", "Connections being opened, handshakes included.",
          x.dials.in_flight),
    outbound_requests(x.peers),
    messages(counted),
    bytes(x.context->sockets->totals()),
    dials(x),
    handshakes(x),
    exits(x.peers),
    histogram("peerage_handshake_seconds", "Time of handshakes that made a peer.",
              counted.handshakes),
    histogram("peerage_request_seconds", "Time of routed requests, however they ended.",
              counted.requests),
    histogram("peerage_ping_seconds", "Time to the answer of a ping.", counted.pings),
  });
}

} // namespace peerage
