// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "actors/peer/node_context.hpp"

#include <caf/stateful_actor.hpp>

#include <optional>
#include <set>

namespace peerage {

/// Between the starts of two crawls: zebra's DEFAULT_CRAWL_NEW_PEER_INTERVAL, a prime, so
/// that it does not fall into step with other timers.
inline constexpr std::chrono::seconds crawl_interval{61};

/// From the first peer to the first crawl, which then also asks peers that follow at
/// once.
inline constexpr std::chrono::seconds first_crawl_delay{2};

/// Peers asked in one crawl (zebra's GET_ADDR_FANOUT).
inline constexpr std::size_t crawl_fan_out = 3;

/// For the peers' answers, and for the PEER_SET's behind them.
inline constexpr std::chrono::seconds crawl_timeout{20};
inline constexpr std::chrono::seconds crawl_deadline{30};

/// With this many known addresses, a crawl needs the DIALER's demand. Bitcoin Core stops
/// sending getaddr at the same number (`ProcessMessage`, "version").
inline constexpr std::size_t enough_addresses = 1'000;

struct crawler_state {
  crawler_state() = default;

  node_context_ptr context;
  address_book_actor book;
  gather_addresses_source peers;

  std::set<peer_id> connected;
  bool wanted = false;    ///< A dial lacked an address since the last crawl.
  bool in_flight = false; ///< A crawl, or the question whether one is needed.
  std::optional<time_point> last_start;
  crawler_counts counts;
  static inline const char* name = "crawler";
};

/// Asks peers for addresses: soon after the first peer came, then every `crawl_interval`
/// while the ADDRESS_BOOK is small or had nothing for the DIALER. One crawl at a time,
/// and no more than one per interval, however great the demand; none without peers. A
/// crawl that hangs is given up at `crawl_deadline`; one that brings nothing changes
/// nothing.
///
/// Ends when told to exit.
crawler_actor::behavior_type crawler(crawler_actor::stateful_pointer<crawler_state> self,
                                     node_context_ptr context, address_book_actor book);

} // namespace peerage
