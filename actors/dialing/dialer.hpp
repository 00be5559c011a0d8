// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/dialing/added_peers.hpp"
#include "actors/dialing/dial_plan.hpp"
#include "actors/dialing/named_peers.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/peer/peer.hpp"
#include "actors/storage/state_saver.hpp"
#include "actors/transport/resolver.hpp"

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace peerage {

struct dialer_options {
  std::vector<endpoint> manual;          ///< Dialed again and again, without end.
  std::vector<host_name> names;          ///< These too, each under its present address.
  std::vector<added_peers::entry> added; ///< These too; people can list and remove them.
  dial_limits limits;
  resolver_ptr resolver;           ///< Null: no host name has an address.
  std::filesystem::path directory; ///< Empty: nothing is saved.
  saver_actor saver;
  caf::timespan save_every = save_interval;
};

struct dialer_state {
  dialer_state() = default;

  /// A dial whose CONNECTOR or HANDSHAKE has not reported yet.
  struct attempt {
    peer_id id = 0;
    caf::actor actor;
  };

  node_context_ptr context;
  dialer_options options;
  attach_discovery others;
  attempt_counts counts;

  std::optional<dial_plan> plan; ///< Which addresses to dial, and when.
  std::unordered_map<endpoint, attempt> attempts;
  added_peers added;
  std::optional<named_peers> names;
  /// What is to follow the lookup of a name that is under way.
  std::map<host_name, std::vector<std::function<void(const resolved&)>>> lookups;
  /// Texts of added or removed peers that a failing disk does not have.
  std::set<std::string> unsaved;

  std::optional<time_point> alarm_at;
  state_saver file;
  bool stopping = false;
  static inline const char* name = "dialer";
};

/// Dials as its `dial_plan` says, host names at the address that a lookup has just
/// brought, asks the ADDRESS_BOOK for addresses, and tells both the results. Bans, an
/// inactive network, a removed address and an exit end their dials at once.
///
/// Remembers its two longest connections as anchors, the pauses of addresses, and the
/// peers that people have added. Quits with an error if the last save failed.
dialer_actor::behavior_type dialer(dialer_actor::stateful_pointer<dialer_state> self,
                                   node_context_ptr context, dialer_options options);

} // namespace peerage
