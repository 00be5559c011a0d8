#pragma once

#include "actors/local_message.hpp"
#include "actors/peer/context.hpp"

#include <optional>
#include <vector>

namespace peerage {

/// HEARTBEAT -> CONNECTION: put a ping on the wire.
struct send_heartbeat {
  std::uint64_t nonce = 0;
};

/// CONNECTION -> HEARTBEAT: the pong is here.
struct heartbeat_pong {
  std::uint64_t nonce = 0;
};

/// CONNECTION -> HEARTBEAT: we read nothing from the peer because our own node is behind.
/// That time is not the peer's.
struct reading_paused {
  bool paused = false;
};

/// The part of a CONNECTION that its HEARTBEAT uses.
using heartbeat_sink_actor = caf::typed_actor<caf::reacts_to<send_heartbeat>>;

using heartbeat_actor =
  caf::typed_actor<caf::reacts_to<heartbeat_pong>, caf::reacts_to<reading_paused>,
                   caf::replies_to<get_peer_group>::with<peer_group>,
                   // The next ping, or the deadline of the oldest one, is due.
                   caf::reacts_to<alarm>>;

/// When to ping and when to give up. No actor, no clock.
class heartbeat_schedule {
public:
  heartbeat_schedule() = default;
  heartbeat_schedule(caf::timespan interval, caf::timespan timeout, time_point start)
      : interval_(interval), timeout_(timeout), next_ping_(start) {}

  /// A ping is due. Pings keep to multiples of the interval from the start.
  bool ping_due(time_point now) const { return next_ping_ <= now; }
  void on_sent(std::uint64_t nonce, time_point now);
  /// Answers this ping and, as pongs come in order, all before it.
  void on_pong(std::uint64_t nonce);
  void on_paused(bool paused, time_point now);
  /// A ping has been unanswered for the whole timeout, pauses of ours not counted.
  bool expired(time_point now) const;
  time_point next_event() const;

private:
  struct sent {
    std::uint64_t nonce;
    time_point deadline;
  };

  caf::timespan interval_{};
  caf::timespan timeout_{};
  time_point next_ping_;
  std::vector<sent> unanswered_; ///< At most timeout / interval + 1 of them.
  std::optional<time_point> paused_since_;
};

struct heartbeat_state {
  heartbeat_state() = default;

  peer_context_ptr context;
  caf::actor_addr sink; ///< Weak: the link ends us with the CONNECTION.
  heartbeat_schedule schedule;
  bool expects_pongs = true;
  /// Only ever set by the mutation check of invariant I1.
  caf::strong_actor_ptr mistaken_hold;
  static inline const char* name = "heartbeat";
};

/// Pings a peer when it is ready and then once per interval (invariant I4); ends with
/// `ping_timeout`, and through the link takes the CONNECTION along, when an answer is
/// missing. The CONNECTION is the one to link.
/// @param expects_pongs False for versions before BIP 31, which do not answer.
/// @param mistaken_hold Null, but for the mutation check.
heartbeat_actor::behavior_type
heartbeat(heartbeat_actor::stateful_pointer<heartbeat_state> self,
          peer_context_ptr context, const heartbeat_sink_actor& sink, bool expects_pongs,
          const caf::strong_actor_ptr& mistaken_hold);

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::send_heartbeat)
PEERAGE_LOCAL_MESSAGE(peerage::heartbeat_pong)
PEERAGE_LOCAL_MESSAGE(peerage::reading_paused)
