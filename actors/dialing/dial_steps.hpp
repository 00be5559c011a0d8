// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

/// How the DIALER carries out what its `dial_plan` says, and tells what came of it. Parts
/// of its behaviour.
namespace peerage::dialing {

using self_pointer = dialer_actor::stateful_pointer<dialer_state>;

/// What the DIALER sets alarms for.
enum alarm_token : std::uint64_t { wake_alarm = 1, save_dials_alarm };

dated_moment date_now(self_pointer self);

/// The error for a peer that is named and out of reach; empty for others.
std::optional<caf::error> refusal_of(const dialer_state& state, const endpoint& remote);

/// Dials the address, which the plan counts as being dialed.
void start(self_pointer self, const endpoint& remote, dial_purpose why);

/// Does everything that can be done now.
void dial_more(self_pointer self);

/// A dial has failed; ignored if it was ended before.
void on_failed(self_pointer self, const peer_failed& x);

/// A dial has brought a peer: it is handed to the PEER_SET, or ended if it lacks what we
/// need.
void on_ready(self_pointer self, const peer_ready& x);

using dial_predicate = std::function<bool(const endpoint&, const dialer_state::attempt&)>;

/// Ends the dials under way that are `wanted`, at once; the results of their attempts
/// come later and are ignored. Peers handed to the set are left to it.
/// @returns how many there were.
std::size_t end_dials_if(self_pointer self, peer_exit reason,
                         const dial_predicate& wanted);

} // namespace peerage::dialing
