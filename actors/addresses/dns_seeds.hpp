#pragma once

#include "actors/base/local_message.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/transport/resolver.hpp"

#include <caf/stateful_actor.hpp>

#include <memory>
#include <optional>
#include <set>
#include <string>

namespace peerage {

using dns_seeds_actor =
  crawl_wanted_sink::extend<caf::reacts_to<addresses_available>, caf::reacts_to<resolved>,
                            caf::replies_to<get_dns_seeds_counts>::with<dns_seeds_counts>,
                            // INTERNAL: a pause, or a round, is over.
                            caf::reacts_to<alarm>>;

/// A node that starts with fewer known addresses asks at once.
inline constexpr std::size_t few_addresses = 100;

/// Who runs out of addresses waits so long for peers to bring some before strangers'
/// servers are asked: Bitcoin Core's DNSSEEDS_DELAY_FEW_PEERS.
inline constexpr std::chrono::seconds dns_seeds_delay{11};

/// A seed has so long to answer. A later answer is welcome, but nobody waits for it.
inline constexpr std::chrono::seconds seed_timeout{5};

/// Between two rounds: doubled with each, and up to a quarter longer, at random, so that
/// nodes which started together do not return together. From anew when there was none for
/// twice the longest pause.
inline constexpr std::chrono::seconds first_seed_pause{60};
inline constexpr std::chrono::seconds longest_seed_pause{3600};

struct dns_seeds_state {
  dns_seeds_state() = default;

  node_context_ptr context;
  address_book_actor book;
  std::shared_ptr<peerage::resolver> resolver; ///< Nobody: seeds are not asked.

  bool wanted = false;             ///< Somebody had nobody to dial, and still has not.
  std::set<std::string> awaited;   ///< Whom this round waits for.
  std::set<std::string> under_way; ///< Looked up, be it from an earlier round.
  unsigned rounds_in_row = 0;
  std::optional<time_point> last_round;
  time_point next_round; ///< Not earlier.
  dns_seeds_counts counts;
  static inline const char* name = "dns_seeds";
};

/// Asks the network's DNS seeds for addresses: at the start if hardly any are known, and
/// when the DIALER has run out of them for a while. All seeds at once; a lookup that
/// hangs holds up nothing, and is not begun again before it has ended. As long as
/// addresses are lacking, there are further rounds with growing pauses.
///
/// What a seed says has the weight of hearsay: it is told to the ADDRESS_BOOK as seen 3
/// to 7 days ago (as Bitcoin Core does it), and addresses that the public network does
/// not have are refused.
///
/// Ends when told to exit.
dns_seeds_actor::behavior_type
dns_seeds(dns_seeds_actor::stateful_pointer<dns_seeds_state> self,
          node_context_ptr context, address_book_actor book,
          std::shared_ptr<peerage::resolver> resolver);

} // namespace peerage
