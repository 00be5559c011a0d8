// SPDX-License-Identifier: MIT
#pragma once

#include "tests/support/memory_acceptor.hpp"
#include "tests/support/memory_transport.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

/// Connections inside this process, for tests: no threads, no descriptors, no time. Every
/// effect happens inside the call that causes it, so that under a deterministic scheduler
/// a whole network is deterministic. For one thread only.
namespace peerage {

class memory_sockets : public socket_provider {
public:
  explicit memory_sockets(dial_reach reach = dial_reach::everywhere)
      : socket_provider(reach) {}

  /// A connection whose other end the test plays. `magic` is the network's.
  std::pair<transport_ptr, memory_remote_ptr>
  open_pair(std::uint32_t magic, const endpoint& remote, const endpoint& local);

  /// Dials to `at` stay open for ever, neither connected nor refused.
  void add_black_hole(const endpoint& at) { black_holes_.insert(at); }

  /// Dials to `at` connect to an end that the test plays, which `visit` is given.
  void add_scripted(const endpoint& at, std::function<void(memory_remote_ptr)> visit) {
    scripted_[at] = std::move(visit);
  }

  /// A remote connects to the acceptor at `at`; null if nothing listens there.
  memory_remote_ptr connect_to(const endpoint& at, const endpoint& from);

  /// As if there were no descriptors left: acceptors only say so, once per connection
  /// that comes in; the connections wait until there are some again.
  void starve_acceptors(bool starved);

  /// Dials and connections that exist now.
  std::size_t open_connections() const { return *open_; }
  std::size_t dials_in_flight() const { return *dials_; }
  std::size_t dials_started() const { return dials_started_; }

  std::shared_ptr<void> open_connection(const endpoint& to, std::uint32_t magic,
                                        const caf::strong_actor_ptr& sink) override;
  acceptor_ptr listen(const endpoint& at, std::uint32_t magic,
                      std::string& error) override;

private:
  memory_host host() const { return {totals_, clock_, open_}; }
  memory_acceptor* acceptor_at(const endpoint& at) const;

  std::map<endpoint, std::weak_ptr<memory_acceptor>> acceptors_;
  std::set<endpoint> black_holes_;
  std::map<endpoint, std::function<void(memory_remote_ptr)>> scripted_;
  std::shared_ptr<std::size_t> open_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<std::size_t> dials_ = std::make_shared<std::size_t>(0);
  std::size_t dials_started_ = 0;
  std::shared_ptr<bool> starved_ = std::make_shared<bool>(false);
  std::uint16_t next_port_ = 40'000;
};

} // namespace peerage
