// SPDX-License-Identifier: MIT
#pragma once

#include "actors/chain/chain_service.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/peer/client.hpp"
#include "actors/peer/peer.hpp"
#include "actors/peer_set/peer_set.hpp"
#include "messages/wire/codec.hpp"
#include "tests/support/memory_sockets.hpp"
#include "tests/support/peer_parts.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// A whole node under virtual time: CAF's test scheduler, in-memory connections, one
/// seed. Nothing runs unless `run` is called, no time passes unless `advance` is.
namespace peerage::test {

using namespace std::chrono_literals;

struct simulation_config : caf::actor_system_config {
  simulation_config() {
    add_message_types<caf::id_block::peerage_messages>();
    set("scheduler.policy", caf::atom("testing"));
  }
};

/// The messages to the sink actor of a simulation.
struct outcomes {
  std::vector<peer_ready> ready;
  std::vector<peer_failed> failed;
};

/// The remote side of a connection, played by the test.
class scripted_remote {
public:
  scripted_remote() = default;
  scripted_remote(memory_remote_ptr end, std::uint32_t magic)
      : end_(std::move(end)), magic_(magic), decoder_(magic) {
    decoder_.set_payload_limit(wire::limits::payload);
  }

  void send(const wire::message& x) { end_->send(wire::encode(magic_, x)); }
  void send_raw(const std::vector<std::byte>& bytes) { end_->send(bytes); }
  void close() { end_->close(); }
  void stop_reading() { end_->stop_reading(); }
  void resume_reading() { end_->resume_reading(); }
  bool saw_end() const { return end_->closed_by_peer(); }

  /// The messages since the last call, decoded.
  std::vector<wire::message> take();
  /// The commands of what came since the last call, in order, e.g. "version verack".
  std::string take_commands();

  std::uint32_t magic() const { return magic_; }

private:
  memory_remote_ptr end_;
  std::uint32_t magic_ = 0;
  wire::frame_decoder decoder_{0};
};

/// A version message as a remote of today would send it.
wire::version remote_version(std::uint64_t nonce = 77);

class simulation {
  struct actors {
    simulation_config config;
    caf::actor_system system{config};
  };
  std::unique_ptr<actors> actors_ = std::make_unique<actors>();

public:
  explicit simulation(std::uint64_t seed = 1);
  /// Fails the test if an actor has not ended by then.
  ~simulation();
  simulation(const simulation&) = delete;
  simulation& operator=(const simulation&) = delete;

  /// Delivers every message that is under way.
  void run() { scheduler().run(); }
  /// Lets time pass in small steps, delivering what falls due in between. Coarser ones
  /// are quicker for hours.
  void advance(caf::timespan duration, caf::timespan step = 50ms);
  time_point now() { return scheduler().clock().now(); }

  /// Sets the wall clock, as NTP or a person does: from now on it says this, and goes on
  /// with the actor clock.
  void set_wall_clock(unix_seconds to) {
    *wall_ahead_ = std::chrono::seconds{to} - now().time_since_epoch();
  }
  void step_wall_clock(std::chrono::nanoseconds by) { *wall_ahead_ += by; }
  /// Gives another context this world's wall clock.
  void share_wall_clock(node_context& with);

  /// A connection that a scripted remote opened; its handshake has begun.
  scripted_remote open_inbound();
  /// A dial to a scripted remote; its handshake has begun.
  scripted_remote open_outbound();
  /// Plays the remote's part of a handshake to the end; the peer is in `results.ready`.
  void shake_hands(scripted_remote& remote,
                   const wire::version& theirs = remote_version(), bool features = true);
  /// A running inbound (outbound) peer; the client is in `results.ready.back()`.
  scripted_remote ready_inbound();
  scripted_remote ready_outbound();
  /// Takes the newest client out of `results`.
  client_actor take_client();

  peer_snapshot snapshot(const client_actor& client);

  /// How a request went so far.
  template <class Reply>
  struct asked {
    int replies = 0; ///< Of either kind: must end at exactly 1.
    std::optional<Reply> value;
    std::optional<caf::error> failure;
  };
  /// Sends a request; run() and then look at the returned outcome.
  template <class Reply, class Handle, class Request>
  std::shared_ptr<asked<Reply>> ask(const Handle& whom, Request what);
  /// Sends a request and runs; none if there was an error, or no answer at once.
  template <class Reply, class Handle, class Request>
  std::optional<Reply> answer_to(const Handle& whom, Request what) {
    auto answer = ask<Reply>(whom, std::move(what));
    run();
    return std::move(answer->value);
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  /// Actors alive that belong to peers: all but the ones every simulation has.
  std::size_t peer_actors();
  /// Alarms that are set and have not rung.
  std::size_t pending_alarms();

  caf::actor_system& system = actors_->system;
  std::shared_ptr<memory_sockets> sockets = std::make_shared<memory_sockets>();
  node_context_ptr context;
  std::shared_ptr<outcomes> results = std::make_shared<outcomes>();
  peer_sink sink;

private:
  std::size_t base_actors_ = 0;
  /// Of the wall clock, compared with the actor clock.
  std::shared_ptr<std::chrono::nanoseconds> wall_ahead_ =
    std::make_shared<std::chrono::nanoseconds>(0);
  std::uint16_t next_port_ = 1;
};

template <class Reply, class Handle, class Request>
std::shared_ptr<simulation::asked<Reply>> simulation::ask(const Handle& whom,
                                                          Request what) {
  auto result = std::make_shared<asked<Reply>>();
  system.spawn([=](caf::event_based_actor* self) {
    auto failed = [=](caf::error& why) {
      ++result->replies;
      result->failure = std::move(why);
    };
    // The asker lives as long as its request, and no handle of it is kept: only the
    // client's own handles count.
    auto response = self->request(whom, caf::infinite, what);
    if constexpr (std::is_void_v<Reply>)
      static_assert(!std::is_void_v<Reply>, "ask for caf::unit_t instead");
    else if constexpr (std::is_same_v<Reply, caf::unit_t>)
      response.then(
        [=] {
          ++result->replies;
          result->value = caf::unit;
        },
        failed);
    else
      response.then(
        [=](Reply& x) {
          ++result->replies;
          result->value = std::move(x);
        },
        failed);
  });
  return result;
}

} // namespace peerage::test
