// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/dialer.hpp"
#include "actors/interfaces/addresses.hpp"
#include "actors/interfaces/attempts.hpp"
#include "actors/interfaces/dialing.hpp"
#include "actors/interfaces/peer_set.hpp"
#include "tests/simulation/simulation.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace peerage::test {

/// An address book that gives out a list, and counts how often it is asked.
struct scripted_book {
  std::deque<endpoint> offers;
  int questions = 0;
  bool hangs = false; ///< Questions stay open, with these promises.
  std::vector<caf::typed_response_promise<candidates>> open;
  std::map<endpoint, dial_ended::outcome> ended;
};

/// A DIALER with a PEER_SET and a book double, on a network of scripted remotes.
struct dialing_world : simulation {
  explicit dialing_world(dialer_options options = {}, bool with_book = true);
  ~dialing_world();

  void start() {
    caf::anon_send(dialer, attach_discovery{set, book, {}});
    run();
  }

  /// The `n`th address of the test's network, each in a group of its own.
  static endpoint address(std::size_t n) {
    return ipv4_endpoint(static_cast<std::uint8_t>(11 + n / 200),
                         static_cast<std::uint8_t>(n % 200), 1, 1, 8333);
  }

  /// A remote that shakes hands when it is dialed.
  void add_live(const endpoint& at);

  /// Lets time pass while live remotes play their part.
  void pass(caf::timespan duration);

  std::size_t in_flight() {
    return answer_to<attempt_counts>(dialer, get_attempt_counts{})->in_flight;
  }

  std::uint64_t connected() {
    return answer_to<peer_set_snapshot>(set, get_peer_set_snapshot{})->total;
  }

  std::shared_ptr<scripted_book> script;
  dialer_actor dialer;
  peer_set_actor set;
  address_book_actor book;
  std::vector<endpoint> dialed;
  std::deque<std::pair<endpoint, scripted_remote>> remotes;
  std::size_t answered = 0;
};

/// Options of a DIALER that wants so many peers.
dialer_options with_target(std::size_t target);

} // namespace peerage::test
