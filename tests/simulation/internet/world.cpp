// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/world.hpp"

#include "actors/chain/regtest_chain.hpp"
#include "messages/type_ids.hpp"
#include "tests/simulation/internet/simulated_node.hpp"

#include <caf/scheduled_actor.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace peerage::test {

namespace {

constexpr std::size_t lines_kept = 400;

/// While actors can run, time passes only this far, before one step of so many.
constexpr std::chrono::milliseconds longest_delay{2};
constexpr std::uint64_t steps_between_delays = 24;

/// The world's networks of /16: none that is reserved.
constexpr std::size_t first_network = 0x1000;
constexpr std::size_t last_network = 0x7d00;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

const caf::scheduled_actor* actor_of(const caf::resumable* job) {
  return dynamic_cast<const caf::scheduled_actor*>(job);
}

} // namespace

struct world::config : caf::actor_system_config {
  config() {
    add_message_types<caf::id_block::peerage_messages>();
    set("scheduler.policy", caf::atom("testing"));
  }
};

world::world(const world_options& options)
    : options_(options), config_(std::make_unique<config>()), system_(*config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
      time_(scheduler_.clock(), seed_for("events")), schedule_(seed_for("schedule")),
      draws_(seed_for("scenario")), net_(time_, seed_for("internet")),
      names_(time_, seed_for("names")), digest_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr);
  log::set_level(log::level::critical); // of dozens of nodes nobody can read it
}

world::~world() {
  end();
  // An actor that never ends is a violation to be told, not to be waited for.
  if (failed_)
    system_.await_actors_before_shutdown(false);
  log::set_level(usual_level_);
}

void world::end() {
  for (auto& x : watched_)
    x.clear();
  listeners_.clear();
  for (const auto& node : nodes_)
    node->end_by_force();
  scheduler_.run();
}

std::uint64_t world::seed_for(std::string_view purpose, std::uint64_t number) const {
  auto result = mix(options_.seed + 0x9e3779b97f4a7c15u);
  for (const char c : purpose)
    result = mix(result + static_cast<unsigned char>(c));
  return mix(result + number);
}

const wire::network_parameters& world::network() {
  static const wire::network_parameters result = [] {
    auto x = wire::parameters(wire::network::regtest);
    const auto& main = wire::parameters(wire::network::main);
    x.id = main.id; // public addresses, and their rules
    x.name = "simulated";
    x.port = main.port;
    x.seeds = main.seeds;
    return x;
  }();
  return result;
}

endpoint world::next_address() {
  const auto x = first_network + 37 * next_address_++ % (last_network - first_network);
  return ipv4_endpoint(static_cast<std::uint8_t>(x >> 8), static_cast<std::uint8_t>(x),
                       static_cast<std::uint8_t>(draws_.below(250) + 1),
                       static_cast<std::uint8_t>(draws_.below(250) + 1), 0);
}

simulated_node& world::add_node(const node_setup& setup) {
  nodes_.push_back(std::make_unique<simulated_node>(*this, setup, nodes_.size()));
  return *nodes_.back();
}

std::vector<endpoint> world::places() const {
  std::vector<endpoint> result;
  for (const auto& node : nodes_)
    if (node->setup().listens && node->setup().machine.reachable)
      result.push_back(node->place());
  return result;
}

bool world::is_of_a_node(const endpoint& x) const {
  return std::ranges::any_of(
    nodes_, [&](const auto& node) { return node->place().with_port(x.port) == x; });
}

void world::publish_nodes() {
  names_.set_addresses(places());
}

// -- what happens ----------------------------------------------------------------------

void world::run_for(caf::timespan duration) {
  go_on_until(time_.now() + duration, nullptr);
}

bool world::run_until(const std::function<bool()>& holds, caf::timespan patience) {
  go_on_until(time_.now() + patience, &holds);
  return holds();
}

void world::go_on_until(time_point end, const std::function<bool()>* holds) {
  while (goes_on()) {
    const auto next = time_.next();
    if (scheduler_.has_job()) {
      if (next && *next <= time_.now() + longest_delay && *next <= end &&
          schedule_.below(steps_between_delays) == 0)
        time_.jump_to_next();
      step();
      continue;
    }
    look_every_second();
    if (holds && (*holds)())
      return;
    if (!next || *next > end) {
      time_.pass_until(end);
      return;
    }
    time_.jump_to_next();
  }
}

void world::every(caf::timespan interval, std::function<bool()> what) {
  time_.in(interval, [this, interval, what = std::move(what)] {
    if (what())
      every(interval, what);
  });
}

void world::step() {
  auto& jobs = scheduler_.jobs;
  if (const auto count = jobs.size(); count > 1)
    std::swap(jobs.front(), jobs[schedule_.below(count)]);
  const auto* actor = actor_of(jobs.front());
  ++steps_;
  last_turn_ = actor ? turn{actor->id(), actor->name()} : turn{};
  schedule_digest_ = mix(schedule_digest_ + last_turn_.actor);
  if (options_.trace && actor)
    *options_.trace << fmt::format("{:.6f} step {} {} {}\n", time_.seconds(), steps_,
                                   actor->name(), actor->id());
  scheduler_.run_once();
  look(watched_[static_cast<std::size_t>(pace::step)]);
}

// -- what is watched -------------------------------------------------------------------

void world::watch(std::string invariant, pace when, check what) {
  watched_[static_cast<std::size_t>(when)].push_back(
    {std::move(invariant), std::move(what)});
}

void world::look(const std::vector<watched>& at) {
  for (const auto& x : at) {
    if (failed_)
      return;
    if (const auto why = x.what(); !why.empty())
      fail(x.invariant, why);
  }
}

void world::look_every_second() {
  const auto second = std::floor(time_.seconds());
  if (second == looked_at_)
    return;
  looked_at_ = second;
  look(watched_[static_cast<std::size_t>(pace::second)]);
}

void world::check_end() {
  look(watched_[static_cast<std::size_t>(pace::end)]);
}

void world::fail(std::string_view invariant, std::string_view why) {
  if (failed_)
    return;
  log(fmt::format("VIOLATED {}: {}", invariant, why));
  failed_ = failure{std::string(invariant), std::string(why), steps_, time_.seconds()};
}

// -- what is told ----------------------------------------------------------------------

void world::log(std::string_view text) {
  if (failed_)
    return; // the history ends with what went wrong
  auto line = fmt::format("{:.6f} {}", time_.seconds(), text);
  EVP_DigestUpdate(digest_.get(), line.data(), line.size());
  if (options_.trace)
    *options_.trace << line << '\n';
  latest_.push_back(std::move(line));
  if (latest_.size() > lines_kept)
    latest_.pop_front();
}

void world::note_event(const simulated_node& node, const event& what) {
  log(fmt::format("{} {}", node.name(), to_json(what).dump()));
  for (const auto& x : listeners_)
    x(node, what);
}

std::string world::digest() const {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> copy{EVP_MD_CTX_new(),
                                                                EVP_MD_CTX_free};
  EVP_MD_CTX_copy_ex(copy.get(), digest_.get());
  std::array<unsigned char, 32> result{};
  EVP_DigestFinal_ex(copy.get(), result.data(), nullptr);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i)
    text += fmt::format("{:02x}", result[i]);
  return fmt::format("{}-{:016x}", text, schedule_digest_);
}

} // namespace peerage::test
