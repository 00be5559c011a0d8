// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/peer_set.hpp"
#include "actors/peer_set/peer_set.hpp"
#include "tests/simulation/simulation.hpp"

namespace peerage::test {

/// A PEER_SET with scripted remotes as its peers.
class set_world : public simulation {
public:
  explicit set_world(std::uint64_t seed = 1,
                     connection_limits caps = {.loopback_exempt = true});
  ~set_world();

  struct peer {
    peer_info info;
    scripted_remote remote;
  };

  /// A peer that joined the set. Each has an address of its own.
  peer join(const wire::version& theirs = remote_version());
  peer_set_snapshot counts();

  peer_set_actor set;
  std::shared_ptr<published_counts> published = std::make_shared<published_counts>();
  /// The set's messages to its observers.
  struct news {
    std::vector<peer_info> joined;
    std::vector<std::pair<peer_info, peer_exit>> left;
  };
  std::shared_ptr<news> told = std::make_shared<news>();
  /// The suspects that BAN_MANAGER answers.
  std::shared_ptr<std::vector<endpoint>> suspected =
    std::make_shared<std::vector<endpoint>>();

private:
  std::uint8_t next_host_ = 1;
};

} // namespace peerage::test
