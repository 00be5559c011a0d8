#pragma once

#include "actors/base/local_message.hpp"
#include "messages/ban.hpp"
#include "messages/lifecycle.hpp"
#include "messages/type_ids.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

/// What one owner tells several others, who follow it or keep a copy.
namespace peerage {

/// PEER_SET -> its observers: how peers come and go. A peer that the set does not take in
/// has only left.
struct peer_joined {
  peer_info info;
};
struct peer_left {
  peer_info info;
  peer_exit reason = peer_exit::internal_error;
};

/// Who is told of peers that come and go.
using peer_observer_actor =
  caf::typed_actor<caf::reacts_to<peer_joined>, caf::reacts_to<peer_left>>;

/// BAN_MANAGER -> its observers (LISTENER, DIALER, ADDRESS_BOOK, PEER_SET): each keeps
/// its own copy, so that nobody has to ask before every connection. The copies start
/// empty and get what was saved as the first change.
struct bans_changed {
  std::vector<ban> added;
  std::vector<subnet> lifted;
};

using ban_observer_actor = caf::typed_actor<caf::reacts_to<bans_changed>>;

/// ADDRESS_BOOK -> its observers (DIALER, DNS_SEEDS): there are addresses where there
/// were none for the last one who asked.
struct addresses_available {};

using address_observer_actor = caf::typed_actor<caf::reacts_to<addresses_available>>;

/// PEER_MANAGER -> everybody who brings or holds peers (LISTENER, DIALER, PEER_SET):
/// without network nobody is accepted or dialed, and every peer ends.
struct set_network_active {
  bool active = true;
};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::peer_joined)
PEERAGE_LOCAL_MESSAGE(peerage::peer_left)
PEERAGE_LOCAL_MESSAGE(peerage::bans_changed)
PEERAGE_LOCAL_MESSAGE(peerage::addresses_available)
PEERAGE_LOCAL_MESSAGE(peerage::set_network_active)
