// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/dial_plan.hpp"

#include <variant>

namespace peerage::test {

/// The dial that a plan would start at this time if it were offered this address alone.
/// @param plan Without manual peers: they have their own turns.
inline bool would_dial(dial_plan plan, const endpoint& remote, const dated_moment& now) {
  constexpr int most_steps = 1'000;
  // Nothing else may take its turn.
  plan.set_anchors({});
  plan.set_book(false);
  plan.set_book(true);
  plan.offer({16, false}, {remote}, now.at);
  for (int i = 0; i < most_steps; ++i) {
    const auto step = plan.next(now);
    if (auto found = std::get_if<dial_plan::start_dial>(&step))
      return found->remote == remote;
    if (std::holds_alternative<dial_plan::sleep>(step))
      return false;
  }
  return false;
}

} // namespace peerage::test
