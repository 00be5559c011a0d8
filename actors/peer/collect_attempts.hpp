#pragma once

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
  struct gathering {
    caf::typed_response_promise<peer_snapshots> promise;
    peer_snapshots found;
    std::size_t missing = 0;
    void one_less() {
      if (--missing > 0)
        return;
      std::ranges::sort(found.entries, {},
                        [](const peer_snapshot& x) { return x.info.id; });
      promise.deliver(std::move(found));
    }
  };
  if (all.empty())
    return peer_snapshots{};
  auto to = std::make_shared<gathering>();
  to->promise = self->template make_response_promise<peer_snapshots>();
  to->missing = all.size();
  for (const auto& x : all)
    self->request(x.attempt, attempt_answer_time, get_peer_snapshot{})
      .then(
        [to, manual = x.manual, feeler = x.feeler](peer_snapshot& answer) {
          answer.manual = manual;
          answer.feeler = feeler;
          to->found.entries.push_back(std::move(answer));
          to->one_less();
        },
        [to](caf::error&) { to->one_less(); });
  return to->promise;
}

} // namespace peerage
