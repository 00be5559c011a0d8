// SPDX-License-Identifier: MIT
#pragma once

#include "actors/bans/ban_list.hpp"
#include "actors/bans/reputation.hpp"
#include "actors/base/waiters.hpp"
#include "actors/interfaces/bans.hpp"
#include "actors/interfaces/storage.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/storage/state_saver.hpp"

#include <caf/stateful_actor.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace peerage {

struct ban_manager_options {
  /// Where "standing.json" is; empty: nothing is loaded, nothing saved.
  std::filesystem::path directory;
  saver_actor saver; ///< Needed if there is a directory.
  /// Manual peers; their ports do not matter unless their addresses are shared.
  std::vector<endpoint> manual;
  std::vector<subnet> shared; ///< Addresses that stand for many, besides loopback.
  caf::timespan save_every = save_interval;
};

struct ban_manager_state {
  ban_manager_state() = default;

  node_context_ptr context;
  std::set<endpoint> manual; ///< Each with its port, and without.
  caf::timespan save_every{};
  dated_moment started; ///< The origin of the scores' time.
  reputation scores;
  ban_list bans;
  std::array<std::uint64_t, misbehaviour_count> misbehaviours{}; ///< Reports, by cause.
  attach_ban_users users;
  std::map<endpoint, peer_id> peers; ///< By remote; those in the PEER_SET now.
  waiters<wait_for_ban, peerage::bans> waiting;
  /// Banned or lifted ranges that a failing disk does not have: repeating the call is no
  /// mistake then.
  std::set<subnet> unsaved;
  state_saver file;
  static inline const char* name = "ban_manager";
};

/// Keeps points for misbehaviour, which fade, and bans, which end.
///
/// A host whose points reach the threshold is banned for a day: with its address, or its
/// /64 of IPv6. Where an address stands for many, as loopback does, there is no ban, but
/// the one peer is ended: see `reputation`. Bans that a person sets apply everywhere. All
/// banned peers are ended; also those that join later, because a ban came during their
/// handshake.
///
/// Bans are kept at once, points are saved every `save_every`, and both at an exit: the
/// actor quits when that is done, with the error if it failed.
ban_manager_actor::behavior_type
ban_manager(ban_manager_actor::stateful_pointer<ban_manager_state> self,
            node_context_ptr context, const ban_manager_options& options);

} // namespace peerage
