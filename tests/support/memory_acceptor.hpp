// SPDX-License-Identifier: MIT
#pragma once

#include "actors/transport/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace peerage {

/// A listening socket inside this process. Connections wait in it for credit.
class memory_acceptor : public acceptor {
public:
  /// @param starved Whether there is no descriptor for a connection at this moment.
  memory_acceptor(const endpoint& at, std::uint32_t magic, std::function<bool()> starved)
      : local_(at), magic_(magic), starved_(std::move(starved)) {}

  endpoint local() const override { return local_; }
  void start(const caf::strong_actor_ptr& sink, std::size_t token,
             std::size_t credit) override;
  void grant(std::size_t credit) override;

  std::uint32_t magic() const { return magic_; }

  /// A connection has come in.
  void add(transport_ptr connection);

  /// Passes connections on, as far as there are credit and descriptors. To be called when
  /// there are descriptors again.
  void hand_over();

  /// Connections that were not passed on yet.
  std::size_t waiting() const { return waiting_.size(); }

private:
  endpoint local_;
  std::uint32_t magic_;
  std::function<bool()> starved_;
  std::size_t credit_ = 0;
  std::size_t token_ = 0;
  std::deque<transport_ptr> waiting_;
  caf::weak_actor_ptr sink_;
};

} // namespace peerage
