// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_fault.hpp"
#include "actors/addresses/address_token_bucket.hpp"
#include "actors/addresses/peer_known_addresses.hpp"
#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "actors/interfaces/broadcasts.hpp"
#include "messages/lifecycle.hpp"
#include "messages/time.hpp"
#include "messages/wire/messages.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace peerage {

/// What came of an addr or addrv2 message. All of it adds up to what was received.
struct address_intake {
  std::vector<wire::network_address> entries; ///< To be stored.
  std::size_t peer_gone = 0;    ///< All, if the message outlived its connection.
  std::size_t rate_limited = 0; ///< The peer told more than its allowance.
  std::array<std::size_t, address_fault_count> faulty{}; ///< By `address_fault`.
};

/// An addr or addrv2 message that is to be sent.
struct address_batch {
  peer_id peer = 0;
  std::vector<wire::network_address> entries; ///< 1 to 1,000.
};

/// What one peer told. getpeerinfo shows it as addr_processed and addr_rate_limited.
struct gossip_counts {
  std::uint64_t processed = 0;
  std::uint64_t rate_limited = 0;
};

/// Takes in what peers tell about addresses and passes some of it on, as Bitcoin nodes do
/// it (Bitcoin Core's ProcessAddrs and RelayAddress). Per peer at most 1,000 queued
/// addresses and 32 KiB of known ones. What is banned is the caller's to leave out first.
class address_gossip {
public:
  /// Messages of more entries are a whole address book, not news.
  static constexpr std::size_t most_news = 10;
  /// News is no older.
  static constexpr unix_seconds fresh = 10 * 60;
  /// An address goes to the same peers for so long (ROTATE_ADDR_RELAY_DEST_INTERVAL).
  static constexpr unix_seconds rotation = one_day;
  /// Entries of one message (MAX_ADDR_TO_SEND).
  static constexpr std::size_t max_queued = 1'000;
  /// From the first queued entry to the message, on average; exponentially distributed,
  /// so that the time of a message does not tell when we learned an address
  /// (AVG_ADDRESS_BROADCAST_INTERVAL).
  static constexpr std::chrono::seconds mean_delay{30};

  /// @param allow_unroutable For networks inside one machine or house (regtest): stores
  ///                         private and loopback addresses; they are never relayed.
  address_gossip(random_source& random, bool allow_unroutable);

  /// @param addrv2          Understands addrv2; others are only sent IPv4 and IPv6.
  /// @param takes_addresses Is sent addresses: true for full outbound peers; others may
  ///                        follow with `start_sending`.
  void peer_joined(peer_id peer, bool addrv2, bool takes_addresses, time_point now);
  void peer_left(peer_id peer);

  /// Sends addresses to this peer from now on. Bitcoin nodes do so when an inbound peer
  /// has sent its first addr, addrv2 or getaddr.
  void start_sending(peer_id peer);

  /// We sent getaddr: the peer may answer with 1,000 addresses.
  void asked(peer_id peer, time_point now);

  /// We answered the peer's getaddr: it need not be told these again.
  void told(peer_id peer, const std::vector<wire::network_address>& entries);

  /// A message of addr or addrv2. Entries beyond the peer's allowance are dropped, at
  /// random; unbelievable times are set back; news is queued for other peers.
  /// @param solicited The message answers our getaddr, and so is no news.
  address_intake receive(peer_id peer, std::vector<wire::network_address> entries,
                         time_point now, unix_seconds wall, bool solicited);

  /// The messages whose time has come.
  std::vector<address_batch> due(time_point now);
  /// When to call `due` again; empty while the queues are.
  std::optional<time_point> next_due() const;

  /// All zero for an unknown peer.
  gossip_counts counts(peer_id peer) const;
  std::size_t queued(peer_id peer) const;
  std::size_t peers() const { return peers_.size(); }

private:
  struct peer_state {
    bool addrv2;
    address_token_bucket allowance;
    gossip_counts counts;
    peer_known_addresses known;
    std::vector<wire::network_address> queue;
    time_point flush; ///< Meaningless while the queue is empty.
  };
  struct recipient {
    peer_id peer;
    bool addrv2;
  };
  using chosen_peers = std::array<std::optional<peer_id>, 2>;

  void relay(const wire::network_address& x, std::uint64_t hash, peer_id source,
             time_point now, unix_seconds wall);
  chosen_peers choose(const wire::network_address& x, std::uint64_t seed,
                      peer_id source) const;
  void queue(peer_id peer, const wire::network_address& x, time_point now);
  void keep_random(std::vector<wire::network_address>& entries, std::size_t count);
  std::chrono::nanoseconds random_delay();

  random_source& random_;
  bool allow_unroutable_;
  address_hasher hash_of_;
  std::unordered_map<peer_id, peer_state> peers_;
  /// The peers that addresses are sent to. Contiguous, as each relayed entry looks at all
  /// of them.
  std::vector<recipient> recipients_;
  /// One for each peer with a queue.
  std::set<std::pair<time_point, peer_id>> flushes_;
};

} // namespace peerage
