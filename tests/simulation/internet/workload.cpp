// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/workload.hpp"

#include "tests/simulation/internet/simulated_node.hpp"
#include "tests/simulation/internet/world.hpp"

#include <caf/event_based_actor.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace peerage::test {

namespace {

using namespace std::chrono_literals;

/// A request waits for a peer, and then for its answer.
constexpr std::chrono::seconds longest_request{2 * 20 + 5};

constexpr std::uint64_t kinds = 3;

bool is_answer(const regtest_chain& chain, const get_headers&, const headers& x) {
  // From genesis on, as they were asked for.
  for (std::size_t i = 0; i < x.entries.size(); ++i)
    if (i + 1 > chain.height() || x.entries[i].previous != chain.hash_at(i))
      return false;
  return true;
}

bool is_answer(const regtest_chain& chain, const get_blocks& asked, const blocks& x) {
  if (x.entries.size() != asked.hashes.size())
    return false;
  for (std::size_t i = 0; i < x.entries.size(); ++i) {
    const auto& block = x.entries[i];
    const auto height = chain.find(block.hash);
    if (block.hash != asked.hashes[i] || !height ||
        (block.available && !(block.body == chain.at(*height))))
      return false;
  }
  return true;
}

/// An inv says nothing about its hashes: a remote may lie, and that shows when the blocks
/// are asked for.
bool is_answer(const regtest_chain&, const get_block_hashes&, const block_hashes&) {
  return true;
}

} // namespace

std::uint64_t workload::counts::failures() const {
  return std::accumulate(failed.begin(), failed.end(), std::uint64_t{0});
}

workload::workload(world& in) : world_(in), draws_(in.seed_for("workload")) {
  in.watch("I3", world::pace::second, [this] { return late_request(); });
  in.watch("I3", world::pace::end, [this]() -> std::string {
    if (counts_.open() == 0)
      return {};
    return fmt::format("{} requests have not ended", counts_.open());
  });
}

void workload::start(std::chrono::nanoseconds average_pause) {
  going_ = true;
  // One clock for all nodes: each tick, one of them asks.
  const auto nodes = std::max<std::size_t>(world_.nodes().size(), 1);
  const auto pause = average_pause / static_cast<std::int64_t>(nodes);
  world_.every(pause, [this] {
    const auto& all = world_.nodes();
    const auto& node = *all[draws_.below(all.size())];
    if (going_ && node.is_up())
      ask_something(node);
    return going_;
  });
}

void workload::ask_something(const simulated_node& node) {
  const auto& chain = node.setup().chain;
  if (!chain)
    return;
  switch (draws_.below(kinds)) {
  case 0: {
    get_headers what;
    what.locator = {chain->hash_at(0)};
    return ask(node, std::move(what));
  }
  case 1: {
    get_blocks what;
    for (auto i = 1 + draws_.below(4); i > 0; --i) {
      const auto hash = chain->hash_at(draws_.below(chain->height() + 1));
      if (std::ranges::find(what.hashes, hash) == what.hashes.end())
        what.hashes.push_back(hash);
    }
    return ask(node, std::move(what));
  }
  default: {
    get_block_hashes what;
    what.locator = {chain->hash_at(0)};
    return ask(node, std::move(what));
  }
  }
}

template <class Request>
void workload::ask(const simulated_node& node, Request what) {
  using reply = typename Request::reply;
  const auto number = ++counts_.asked;
  open_[number] = world_.time().now();
  world_.system().spawn([this, number, what, peers = node.handles()->peers,
                         chain = node.setup().chain](caf::event_based_actor* self) {
    self->request(peers, caf::infinite, what)
      .then(
        [this, number, what, chain](const reply& x) {
          ++counts_.answered;
          if (chain && !is_answer(*chain, what, x))
            world_.fail("I9", "an answer is not what was asked for");
          note_end(number, true);
        },
        [this, number](const caf::error& why) {
          ++counts_.failed.at(static_cast<std::size_t>(outcome_of(why)));
          note_end(number, false);
        });
  });
}

void workload::note_end(std::uint64_t number, bool answered) {
  const auto found = open_.find(number);
  if (found == open_.end())
    return world_.fail("I3", "a request has ended twice");
  const auto took = world_.time().now() - found->second;
  if (answered)
    counts_.slowest = std::max<std::chrono::nanoseconds>(counts_.slowest, took);
  open_.erase(found);
}

std::string workload::late_request() const {
  if (open_.empty())
    return {};
  const auto age = world_.time().now() - open_.begin()->second; // the oldest
  if (age < longest_request)
    return {};
  return fmt::format("a request is open for {:.0f} s",
                     std::chrono::duration<double>(age).count());
}

} // namespace peerage::test
