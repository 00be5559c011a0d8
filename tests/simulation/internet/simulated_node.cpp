// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/simulated_node.hpp"

#include "actors/chain/chain_service.hpp"
#include "messages/events.hpp"
#include "tests/simulation/internet/delayed_saver.hpp"
#include "tests/simulation/internet/world.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>

#include <utility>

namespace peerage::test {

namespace {

constexpr unix_seconds first_wall_time = 1'760'000'000;

/// Asks the EVENT_LOG for more until it ends, and writes all down.
class event_reader {
public:
  event_reader(world& in, const simulated_node& node)
      : world_(in), node_(node), run_(node.run()) {}

  void read(caf::event_based_actor* self, const event_log_actor& log) {
    get_events question;
    question.from = next_;
    question.wait = std::chrono::hours{1};
    self->request(log, caf::infinite, std::move(question))
      .then(
        [this, self, log](const event_batch& x) {
          note(x);
          read(self, log);
        },
        [self](caf::error&) { self->quit(); });
  }

private:
  void note(const event_batch& x) {
    if (node_.run() != run_)
      return; // of a process that is gone
    for (const auto& entry : x.entries) {
      if (entry.seq != next_)
        world_.fail(
          "events have no holes",
          fmt::format("{}: event {} follows {}", node_.name(), entry.seq, next_ - 1));
      next_ = entry.seq + 1;
      world_.note_event(node_, entry);
    }
  }

  world& world_;
  const simulated_node& node_;
  std::uint64_t run_;
  std::uint64_t next_ = 1;
};

} // namespace

simulated_node::simulated_node(world& in, node_setup setup, std::size_t number)
    : world_(in), setup_(std::move(setup)), number_(number),
      name_(fmt::format("n{:02}", number)),
      host_(in.net().add_host(in.next_address(), setup_.machine)),
      disk_(std::make_shared<simulated_disk>(in.seed_for("disk", number))) {}

endpoint simulated_node::place() const {
  return world_.net().address_of(host_).with_port(world::network().port);
}

void simulated_node::start() {
  ++run_;
  running_ = true;
  stopping_ = false;
  stop_problem_.clear();
  auto& system = world_.system();
  context_ =
    std::make_shared<node_context>(world::network(), world_.seed_for(name_, run_));
  context_->wall.set_source([&time = world_.time(), ahead = wall_ahead_] {
    return std::chrono::nanoseconds{std::chrono::seconds{first_wall_time}} +
           std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::duration<double>(time.seconds())) +
           *ahead;
  });
  context_->timing = setup_.timing;
  context_->identity.services = wire::node_network | wire::node_witness;
  context_->sockets = world_.net().sockets_of(host_, setup_.reach, context_->wall);
  context_->service =
    setup_.service ? setup_.service(system) : system.spawn(chain_service, setup_.chain);
  if (setup_.chain) {
    context_->identity.start_height = static_cast<std::int32_t>(setup_.chain->height());
    context_->identity.best_block = setup_.chain->hash_at(setup_.chain->height());
  }
  if (setup_.identity)
    context_->identity = *setup_.identity;
  peer_manager_options options;
  options.observers = setup_.observers;
  std::string error;
  if (setup_.listens)
    options.acceptors.push_back(
      context_->sockets->listen(place(), world::network().magic, error));
  options.manual = setup_.manual;
  options.discover = setup_.discovers;
  options.resolver = world_.names().make_resolver();
  options.max_outbound = setup_.max_outbound;
  options.max_inbound = setup_.max_inbound;
  options.published = published_;
  options.quiet = true;
  options.keep_events = true;
  if (setup_.keeps_state) {
    context_->alarms = system.spawn(alarm_clock);
    mounted_ = std::make_shared<mounted_disk>(disk_);
    context_->disk = mounted_;
    options.directory = "/state";
    options.saver = system.spawn(delayed_saver, std::shared_ptr<peerage::disk>(mounted_),
                                 std::function<std::chrono::nanoseconds()>{
                                   [disk = disk_] { return disk->latency(); }},
                                 context_->alarms);
  }
  published_->store({});
  world_.log(fmt::format("{} starts", name_));
  manager_ = start_peer_manager(system, context_, std::move(options));
  caf::actor_cast<caf::abstract_actor*>(manager_)->attach_functor(
    [this, run = run_](const caf::error& why) { on_end(why, run); });
  system.spawn([this, manager = manager_, run = run_](caf::event_based_actor* self) {
    self->request(manager, caf::infinite, get_node_handles{})
      .then(
        [this, self, run](const node_handles& x) {
          if (run != run_)
            return;
          handles_ = x;
          auto reader = std::make_shared<event_reader>(world_, *this);
          reader->read(self, x.events);
          self->attach_functor([reader] {}); // as long as the actor
        },
        [](caf::error&) {});
  });
}

void simulated_node::stop() {
  if (!running_ || stopping_)
    return;
  stopping_ = true;
  handles_.reset();
  world_.log(fmt::format("{} is told to stop", name_));
  caf::anon_send_exit(manager_, caf::exit_reason::user_shutdown);
}

void simulated_node::crash(bool silently) {
  if (!running_)
    return;
  world_.log(fmt::format("{} {}", name_, silently ? "loses its power" : "is killed"));
  world_.net().crash(host_, silently);
  if (mounted_)
    mounted_->end_of_process();
  // The system lives after a kill, and dies with its power.
  if (silently)
    disk_->crash(world_.draws().next());
  else
    disk_->remount();
  end_by_force();
  ++run_; // what its actors still do is nobody's
  published_->store({});
}

void simulated_node::end_by_force() {
  if (!running_)
    return;
  handles_.reset();
  running_ = false;
  caf::anon_send_exit(manager_, caf::exit_reason::kill);
  if (!setup_.service) // another one ends with its last handle
    caf::anon_send_exit(context_->service, caf::exit_reason::user_shutdown);
  manager_ = nullptr;
  context_ = nullptr;
}

void simulated_node::on_end(const caf::error& why, std::uint64_t run) {
  if (run != run_ || !running_)
    return;
  if (!stopping_ || (why && why != caf::exit_reason::user_shutdown))
    stop_problem_ = world_.system().render(why);
  world_.log(fmt::format("{} has stopped {}", name_, stop_problem_));
  if (!stopping_)
    world_.fail("a node ends only when it is told to", name_ + ": " + stop_problem_);
  running_ = stopping_ = false;
  handles_.reset();
  if (!setup_.service) // another one ends with its last handle
    caf::anon_send_exit(context_->service, caf::exit_reason::user_shutdown);
  manager_ = nullptr;
  context_ = nullptr;
}

} // namespace peerage::test
