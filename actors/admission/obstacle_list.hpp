// SPDX-License-Identifier: MIT
#pragma once

#include "actors/admission/connection_caps.hpp"
#include "actors/bans/ban_list.hpp"
#include "actors/interfaces/attempts.hpp"
#include "messages/ban.hpp"
#include "messages/dial_reach.hpp"

#include <optional>
#include <string>

namespace peerage {

/// Collects what stands in the way of a connection, in the words that dials and accepts
/// share.
class obstacle_list {
public:
  /// @param until Unix seconds; 0: no time ends it.
  void add(std::string kind, std::string detail, double until = 0);

  void add_network(bool active);
  /// If the address is not within this reach.
  void add_reach(dial_reach reach, const endpoint& remote);
  void add_ban(const std::optional<ban>& found);
  /// Of the caps of one address and of one subnet; what `total` means is for the
  /// caller to say.
  void add_cap(std::optional<cap_refusal> refusal, const endpoint& remote);

  obstacles take() { return std::move(found_); }

private:
  obstacles found_;
};

} // namespace peerage
