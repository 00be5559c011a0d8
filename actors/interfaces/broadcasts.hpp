// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "messages/ban.hpp"
#include "messages/lifecycle.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

/// What one owner tells several other actors, which follow it or keep a copy.
namespace peerage {

/// PEER_SET -> its observers: how peers come and go. Of a peer that the set does not take
/// in, only `peer_left` is told.
struct peer_joined {
  peer_info info;
};
struct peer_left {
  peer_info info;
  peer_exit reason = peer_exit::internal_error;
};

/// An actor that follows peers as they come and go.
using peer_observer_actor =
  caf::typed_actor<caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>>;

/// BAN_MANAGER -> its observers (LISTENER, DIALER, ADDRESS_BOOK, PEER_SET): each keeps
/// its own copy, which spares a question per connection. The copies start empty; the
/// first change holds the saved bans.
struct bans_changed {
  std::vector<ban> added;
  std::vector<subnet> lifted;
};

using ban_observer_actor = caf::typed_actor<caf::reacts_to<bans_changed>>;

/// ADDRESS_BOOK -> its observers (DIALER, DNS_SEEDS): there are addresses again, after
/// the last get_candidates found too few.
struct addresses_available {};

using address_observer_actor = caf::typed_actor<caf::reacts_to<addresses_available>>;

/// PEER_MANAGER -> LISTENER, DIALER, PEER_SET: while inactive, no connection is accepted
/// or dialed, and every peer ends.
struct set_network_active {
  bool active = true;
};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::peer_joined)
PEERAGE_LOCAL_MESSAGE(peerage::peer_left)
PEERAGE_LOCAL_MESSAGE(peerage::bans_changed)
PEERAGE_LOCAL_MESSAGE(peerage::addresses_available)
PEERAGE_LOCAL_MESSAGE(peerage::set_network_active)
