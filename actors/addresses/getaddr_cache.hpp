// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/alarm_clock.hpp"
#include "actors/base/random_source.hpp"
#include "messages/endpoint.hpp"
#include "messages/wire/messages.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace peerage {

/// Our answers to getaddr. All peers that ask at the same place get the same sample of
/// the address book for about a day (Bitcoin Core's cached addr responses): fresh samples
/// would let a stranger read the whole book by asking often, and one sample for all
/// places would show that two addresses of ours are one node.
///
/// The CONNECTION sees to it that a peer is answered only once, and only if inbound.
class getaddr_cache {
public:
  /// Where a question came in.
  struct place {
    endpoint local;           ///< Ours, which the asker connected to.
    std::uint8_t network = 0; ///< The asker's, as BIP 155 counts them.
    friend auto operator<=>(const place&, const place&) = default;
  };

  /// Copies random addresses of the book: at most `max_count`, and at most `max_percent`
  /// of it.
  using sampler = std::function<std::vector<wire::network_address>(std::size_t max_count,
                                                                   unsigned max_percent)>;

  static constexpr std::size_t max_count = 1'000; ///< Bitcoin Core's MAX_ADDR_TO_SEND.
  static constexpr unsigned max_percent = 23;     ///< MAX_PCT_ADDR_TO_SEND.
  /// A sample is kept for a random time in [shortest_life, longest_life).
  static constexpr std::chrono::hours shortest_life{21};
  static constexpr std::chrono::hours longest_life{27};
  /// Far more than a node has local addresses times networks.
  static constexpr std::size_t max_places = 32;

  explicit getaddr_cache(random_source& random) : random_(random) {}

  /// The sample for this place; `make` is called if there is none, or an old one. An
  /// empty sample is not kept: the book of a node that has just started fills within
  /// minutes. Places beyond `max_places` get an empty answer until others have grown old;
  /// replacing a sample early would give out fresh ones on demand.
  std::vector<wire::network_address> answer(time_point now, const place& asker,
                                            const sampler& make);

  /// Places that have a sample, old ones included.
  std::size_t size() const { return samples_.size(); }

private:
  struct sample {
    std::vector<wire::network_address> entries;
    time_point expires;
  };

  random_source& random_;
  std::map<place, sample> samples_;
};

} // namespace peerage
