// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/cancel_request.hpp"
#include "actors/base/local_message.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/interfaces/storage.hpp"
#include "messages/ban.hpp"
#include "messages/misbehaviour.hpp"
#include "messages/subnet.hpp"

#include <caf/timespan.hpp>

#include <array>
#include <cstdint>
#include <vector>

/// What the BAN_MANAGER, the owner of points and bans, is told and asked.
namespace peerage {

/// Anybody -> BAN_MANAGER: a peer has misbehaved. A sender that meets it once per message
/// sends one report for many, so that a flood of messages is no flood of reports. A
/// report costs the same points for one and for many: a burst of damaged messages counts
/// once, and a host that goes on with them for a minute is banned.
struct report_misbehaviour {
  endpoint remote;
  misbehaviour cause = misbehaviour::malformed;
  std::uint64_t count = 1; ///< Times since the last report.
};

/// An actor that takes reports of misbehaviour.
using misbehaviour_sink = caf::typed_actor<caf::reacts_to<report_misbehaviour>>;

/// Status -> BAN_MANAGER: ban a range; see ban_list::add. Answers a ban_result as its
/// number once the change is on the disk. An error means that it is in force but not on
/// the disk.
struct set_ban {
  subnet range;
  /// Seconds from now or, if `absolute`, Unix time; 0: the default duration.
  std::int64_t time = 0;
  bool absolute = false;
  /// The range is one address, and is banned already if any range with it is.
  bool address_only = false;
};

/// Status -> BAN_MANAGER: lift the ban of exactly this range. Answers like `set_ban`;
/// `not_banned` if it has none.
struct lift_ban {
  subnet range;
};

/// Status -> BAN_MANAGER: lift all bans. Answers like `set_ban`, always `done`.
struct clear_bans {};

/// Anybody -> BAN_MANAGER: the bans in force at this moment, ordered by address.
struct get_bans {};
struct bans {
  std::vector<ban> entries;
};

/// Status -> BAN_MANAGER: its counts at one moment.
struct get_ban_counts {};
struct ban_counts {
  std::size_t bans = 0;
  std::size_t limit = 0;        ///< Of bans.
  std::size_t scored_hosts = 0; ///< Hosts with points.
  /// Reports since the start, by cause: one for many misdeeds of the same second.
  std::array<std::uint64_t, misbehaviour_count> misbehaviours{};
  save_counts saves;
};

/// Anybody -> BAN_MANAGER: answers `bans` of one when a ban covers this range; of none
/// after `timeout`, which may be zero.
struct wait_for_ban {
  subnet range;
  caf::timespan timeout{};
};

/// Anybody -> BAN_MANAGER: the points held against the host of this address at this
/// moment; see misbehaviour.hpp for what they mean.
struct get_score {
  endpoint remote;
};

/// PEER_SET -> BAN_MANAGER: which of these have a bad reputation (`bad_reputation`).
struct find_suspects {
  std::vector<endpoint> remotes;
};
struct suspects {
  std::vector<endpoint> remotes;
};

using find_suspects_source =
  caf::typed_actor<caf::replies_to<find_suspects>::with<suspects>>;

/// PEER_MANAGER -> BAN_MANAGER: which actors follow the bans, and which one ends peers.
/// Sent once; the observers are told of all bans in force at once.
struct attach_ban_users {
  std::vector<ban_observer_actor> observers;
  end_peer_sink peers;
};

/// Keeps what is held against hosts: points for misbehaviour, and bans.
using ban_manager_actor = peer_observer_actor::extend<
  // PEER_MANAGER, once.
  caf::reacts_to<attach_ban_users>,
  // CONNECTION, LISTENER, DIALER, ADDRESS_BOOK. No answer.
  caf::reacts_to<report_misbehaviour>,
  // Status: a ban_result as its number; fails if the change is in force but not on the
  // disk.
  caf::replies_to<set_ban>::with<std::uint8_t>,
  caf::replies_to<lift_ban>::with<std::uint8_t>,
  caf::replies_to<clear_bans>::with<std::uint8_t>,
  // PEER_MANAGER, status, from memory.
  caf::replies_to<get_bans>::with<bans>,
  caf::replies_to<get_ban_counts>::with<ban_counts>,
  caf::replies_to<wait_for_ban>::with<bans>,
  // Callers of wait_for_ban: the answer is no longer wanted.
  caf::reacts_to<cancel_request>,
  // Status: points, from 0 to reputation::highest_score.
  caf::replies_to<get_score>::with<double>,
  // PEER_SET, before an eviction.
  caf::replies_to<find_suspects>::with<suspects>,
  // INTERNAL: time to save or to sweep, or a waiter's time is over.
  caf::reacts_to<alarm>>;

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::report_misbehaviour)
PEERAGE_LOCAL_MESSAGE(peerage::set_ban)
PEERAGE_LOCAL_MESSAGE(peerage::lift_ban)
PEERAGE_LOCAL_MESSAGE(peerage::clear_bans)
PEERAGE_LOCAL_MESSAGE(peerage::get_bans)
PEERAGE_LOCAL_MESSAGE(peerage::bans)
PEERAGE_LOCAL_MESSAGE(peerage::get_ban_counts)
PEERAGE_LOCAL_MESSAGE(peerage::ban_counts)
PEERAGE_LOCAL_MESSAGE(peerage::wait_for_ban)
PEERAGE_LOCAL_MESSAGE(peerage::get_score)
PEERAGE_LOCAL_MESSAGE(peerage::find_suspects)
PEERAGE_LOCAL_MESSAGE(peerage::suspects)
PEERAGE_LOCAL_MESSAGE(peerage::attach_ban_users)
