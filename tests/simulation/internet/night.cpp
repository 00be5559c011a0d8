// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/night.hpp"

#include "actors/addresses/address_book.hpp"
#include "actors/dialing/dialer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace peerage::test {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t chain_length = 200;

/// The longest that a request may take, and a node to stop.
constexpr std::chrono::seconds rest{60};
constexpr std::chrono::seconds stop_patience{10};

host_conditions drawn_machine(random_source& draws, const host_conditions& from) {
  auto result = from;
  auto& access = result.access;
  access.latency = std::chrono::milliseconds{2 + draws.below(90)};
  access.jitter = access.latency / static_cast<std::int64_t>(2 + draws.below(20));
  access.bytes_per_second = 1e5 * static_cast<double>(1 + draws.below(200));
  return result;
}

} // namespace

night::night(world& in, report& found, const expectations& expected)
    : world_(in), report_(found), workload_(in),
      chain_(regtest_chain::generate(chain_length, 1)) {
  watch_invariants(in, expected);
  in.watch("figures", world::pace::second, [this]() -> std::string {
    measure();
    return {};
  });
  in.listen([this](const simulated_node& node, const event& x) {
    if (x.type == event_type::dial_failed &&
        x.reason != to_string(peer_exit::feeler_done))
      ++failed_dials_;
    if (x.type != event_type::dial_started)
      return;
    ++dials_;
    const auto [last, is_first] =
      last_dial_.try_emplace({node.number(), x.address}, x.time);
    // Of an address that was dialed a moment ago, and has a pause.
    if (!is_first && x.time - last->second < 1)
      ++redundant_dials_;
    last->second = x.time;
  });
}

void night::add_nodes(std::size_t count, node_setup setup) {
  setup.chain = chain_;
  const auto machine = setup.machine;
  for (std::size_t i = 0; i < count; ++i) {
    setup.machine = drawn_machine(world_.draws(), machine);
    world_.add_node(setup);
  }
  world_.publish_nodes();
}

void night::start_all(std::chrono::nanoseconds within) {
  for (const auto& node : nodes())
    if (!node->is_running())
      world_.time().in(
        std::chrono::nanoseconds{static_cast<std::int64_t>(
          world_.draws().below(static_cast<std::uint64_t>(within.count()) + 1))},
        [&node = *node] {
          if (!node.is_running())
            node.start();
        });
  world_.run_for(within);
}

std::size_t night::running() const {
  return static_cast<std::size_t>(
    std::ranges::count_if(nodes(), [](const auto& x) { return x->is_running(); }));
}

std::size_t night::wanted_by(const simulated_node& x) const {
  const auto target = x.setup().max_outbound;
  const auto counts = x.counts();
  const auto* book =
    x.is_up() ? state_of<address_book_state>(x.handles()->book) : nullptr;
  if (!book || counts.outbound >= target)
    return target;
  std::size_t others = 0;
  for (const auto& node : nodes())
    if (node.get() != &x && node->is_up() && node->setup().listens &&
        node->setup().machine.reachable && book->table->contains(node->place()))
      ++others;
  // With few others, inbound peers are among them, and are not dialed a second time.
  return std::min(target, others - std::min<std::size_t>(others, counts.inbound));
}

bool night::all_have_peers() const {
  return std::ranges::all_of(nodes(), [this](const auto& x) {
    return !x->is_running() || (x->is_up() && x->counts().outbound >= wanted_by(*x));
  });
}

void night::wait_for_peers(std::chrono::nanoseconds patience, std::string_view when) {
  const auto began = world_.time().seconds();
  if (!world_.run_until([this] { return all_have_peers(); }, patience)) {
    if (world_.is_cut_short() || world_.failed())
      return;
    const auto& late = *std::ranges::find_if(nodes(), [this](const auto& x) {
      return x->is_running() && (!x->is_up() || x->counts().outbound < wanted_by(*x));
    });
    world_.fail("nodes find their peers",
                fmt::format("{} has {} of {} outbound peers;{}", late->name(),
                            late->counts().outbound, wanted_by(*late),
                            why_not_more(*late)));
    return;
  }
  report_.note(fmt::format("time to target, {}", when),
               fmt::format("{:.1f} s", world_.time().seconds() - began));
}

/// Of the nodes that it could have: what stands in the way.
std::string night::why_not_more(const simulated_node& x) const {
  const auto* dialing = x.is_up() ? state_of<dialer_state>(x.handles()->dialer) : nullptr;
  if (!dialing || !dialing->plan)
    return {};
  std::string result;
  const auto now = x.context()->wall.date(world_.time().now());
  for (const auto& other : nodes()) {
    const auto found = dialing->plan->explain(other->place(), now).entries;
    if (!found.empty() && (found[0].kind == "already_connected" ||
                           found[0].kind == "address_limit" || other.get() == &x))
      continue;
    result += fmt::format(" {} {}", other->name(),
                          found.empty() ? "could be dialed" : found[0].kind);
  }
  return result;
}

simulated_node& night::some_node() {
  return node(world_.draws().below(nodes().size()));
}

void night::measure() {
  if (++measured_ % 10 != 0)
    return;
  world_.net().visit_connections([this](const internet::connection_view& x) {
    most_held_ = std::max({most_held_, x.dialing.held, x.answering.held});
  });
}

void night::finish() {
  if (world_.failed())
    return;
  workload_.stop();
  world_.run_for(rest);
  for (const auto& node : nodes())
    node->stop();
  world_.run_until([this] { return running() == 0; }, stop_patience);
  world_.run_for(1s);
  note_figures();
  if (!world_.is_cut_short())
    world_.check_end();
}

void night::note_figures() {
  const auto& asked = workload_.counted();
  const auto failed = [&](request_error x) {
    return asked.failed.at(static_cast<std::size_t>(x));
  };
  report_.note("requests answered", fmt::format("{} of {}", asked.answered, asked.asked));
  report_.note("requests timed out", std::to_string(failed(request_error::timeout)));
  report_.note("requests without a peer",
               std::to_string(failed(request_error::no_ready_peer)));
  report_.note("requests whose peer left",
               std::to_string(failed(request_error::peer_gone)));
  report_.note("requests lost", std::to_string(asked.open()));
  report_.note(
    "slowest answer",
    fmt::format("{:.1f} s", std::chrono::duration<double>(asked.slowest).count()));
  report_.note("most memory of a peer", fmt::format("{} KiB", most_held_ / 1024));
  report_.note("dials", fmt::format("{}, {} failed, {} redundant", dials_, failed_dials_,
                                    redundant_dials_));
}

} // namespace peerage::test
