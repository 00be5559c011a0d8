// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/transport/resolver.hpp"

#include <caf/stateful_actor.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace peerage {

/// A node that starts with fewer known addresses asks at once.
inline constexpr std::size_t few_addresses = 100;

/// A node that runs out of addresses waits this long for peers to tell some before it
/// asks strangers' servers: Bitcoin Core's DNSSEEDS_DELAY_FEW_PEERS.
inline constexpr std::chrono::seconds dns_seeds_delay{11};

/// A seed has this long to answer. A later answer is taken, but the round does not wait.
inline constexpr std::chrono::seconds seed_timeout{5};

/// Between two rounds: doubled with each, and up to a quarter longer, at random, so that
/// nodes which started together do not return together. Starts over after twice the
/// longest pause without a round.
inline constexpr std::chrono::seconds first_seed_pause{60};
inline constexpr std::chrono::seconds longest_seed_pause{3600};

struct dns_seeds_state {
  dns_seeds_state() = default;

  node_context_ptr context;
  address_book_actor book;
  std::shared_ptr<peerage::resolver> resolver; ///< null: no seeds are asked.

  bool wanted = false;             ///< A dial lacked an address, and still does.
  std::set<std::string> awaited;   ///< Seeds that this round waits for.
  std::set<std::string> under_way; ///< All look-ups, those of earlier rounds included.
  unsigned rounds_in_row = 0;
  std::optional<time_point> last_round;
  time_point next_round; ///< The earliest time.
  dns_seeds_counts counts;
  static inline const char* name = "dns_seeds";
};

/// Asks the network's DNS seeds for addresses: at the start if hardly any are known, and
/// when the DIALER has run out of them for a while. All seeds at once; a lookup that
/// hangs holds up nothing, and is not begun again before it has ended. As long as
/// addresses are lacking, there are further rounds with growing pauses.
///
/// A seed's answers are hearsay: the ADDRESS_BOOK is told them as seen 3 to 7 days ago
/// (as in Bitcoin Core), and addresses that cannot be of the public network are refused.
///
/// Ends when told to exit.
dns_seeds_actor::behavior_type
dns_seeds(dns_seeds_actor::stateful_pointer<dns_seeds_state> self,
          node_context_ptr context, address_book_actor book,
          std::shared_ptr<peerage::resolver> resolver);

} // namespace peerage
