// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/gathering.hpp"
#include "messages/snapshots.hpp"

#include <caf/actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace peerage {

/// Attempts answer from memory within this time.
inline constexpr std::chrono::milliseconds attempt_answer_time{500};

/// A dial or handshake under way (see peer.hpp), and what its owner says of the peer.
struct attempt_to_ask {
  caf::actor attempt;
  bool manual = false;
  bool feeler = false;
};

/// Asks dials and handshakes what they know of their remotes. An attempt that does not
/// answer is left out: it has ended, or its TCP connection is not open.
template <class Self>
caf::result<peer_snapshots> collect_attempts(Self* self,
                                             const std::vector<attempt_to_ask>& all) {
  if (all.empty())
    return peer_snapshots{};
  auto promise = self->template make_response_promise<peer_snapshots>();
  auto found =
    std::make_shared<gathering<peer_snapshots>>([promise](peer_snapshots&& x) mutable {
      std::ranges::sort(x.entries, {}, [](const peer_snapshot& y) { return y.info.id; });
      promise.deliver(std::move(x));
    });
  for (const auto& x : all)
    found->template ask<peer_snapshot>(
      self, x.attempt, attempt_answer_time, get_peer_snapshot{},
      [manual = x.manual, feeler = x.feeler](peer_snapshots& to, peer_snapshot& answer) {
        answer.manual = manual;
        answer.feeler = feeler;
        to.entries.push_back(std::move(answer));
      });
  found->close();
  return promise;
}

} // namespace peerage
