// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_clock.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <unordered_map>

/// Timers that do not keep their actors alive. A delayed message of CAF's is a strong
/// reference to its receiver until it is due; a dropped client would outlive its last
/// handle and every finished handshake would linger for the rest of its deadline. One
/// actor owns all delayed messages instead and knows the others by weak addresses.
namespace peerage {

using time_point = caf::actor_clock::time_point;

/// Any actor -> ALARM_CLOCK: send me `alarm` with this token at `due`. Replaces the
/// sender's earlier alarm with the same token.
struct set_alarm {
  std::uint64_t token = 0;
  time_point due;
};

/// Any actor -> ALARM_CLOCK: forget the sender's alarm with this token.
struct cancel_alarm {
  std::uint64_t token = 0;
};

/// An actor that ends -> ALARM_CLOCK: forget this actor's alarm. It is not the sender any
/// more.
struct drop_alarm {
  caf::actor_id who = 0;
  std::uint64_t token = 0;
};

/// ALARM_CLOCK -> the actor that set it.
struct alarm {
  std::uint64_t token = 0;
};

using alarm_clock_actor = caf::typed_actor<
  // See the messages above.
  caf::reacts_to<set_alarm>, caf::reacts_to<cancel_alarm>, caf::reacts_to<drop_alarm>,
  // INTERNAL: the earliest alarm may be due.
  caf::reacts_to<caf::tick_atom>>;

/// The one alarm of an actor (token 0), as a part of its state: it goes with the state,
/// however the actor ends (invariant I16). An actor whose last handle goes ends without
/// handling any message.
class own_alarm {
public:
  own_alarm() = default;
  own_alarm(const own_alarm&) = delete;
  own_alarm& operator=(const own_alarm&) = delete;
  ~own_alarm();

  /// Replaces the one that was set before.
  template <class Self>
  void set(Self* self, const alarm_clock_actor& clock, time_point due) {
    clock_ = clock;
    who_ = self->id();
    self->send(clock, set_alarm{0, due});
  }

private:
  alarm_clock_actor clock_; ///< Null: none was set.
  caf::actor_id who_ = 0;
};

struct alarm_clock_state {
  alarm_clock_state() = default;

  struct entry {
    caf::actor_addr who;
    std::uint64_t token;
  };
  struct key {
    caf::actor_id who;
    std::uint64_t token;
    friend bool operator==(const key&, const key&) = default;
  };
  struct key_hash {
    std::size_t operator()(const key& x) const {
      return std::hash<std::uint64_t>{}(x.who * 0x9e3779b97f4a7c15u + x.token);
    }
  };
  using schedule = std::multimap<time_point, entry>;

  schedule pending;
  std::unordered_map<key, schedule::iterator, key_hash> by_owner;
  /// When the earliest delayed message to ourselves arrives.
  time_point next_tick = time_point::max();
  static inline const char* name = "alarm_clock";
};

/// Ends when told to exit; pending alarms are dropped.
alarm_clock_actor::behavior_type
alarm_clock(alarm_clock_actor::stateful_pointer<alarm_clock_state> self);

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::set_alarm)
PEERAGE_LOCAL_MESSAGE(peerage::cancel_alarm)
PEERAGE_LOCAL_MESSAGE(peerage::drop_alarm)
PEERAGE_LOCAL_MESSAGE(peerage::alarm)
