// SPDX-License-Identifier: MIT
#include "actors/peer_set/collect_snapshots.hpp"

#include <caf/sec.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <memory>

namespace peerage {

namespace {

using peer_set_pointer = peer_set_actor::stateful_pointer<peer_set_state>;

/// Walks over the members by id, and holds no handles: it must not keep a client alive.
class snapshot_collection : public std::enable_shared_from_this<snapshot_collection> {
public:
  snapshot_collection(peer_set_pointer self, collect_filter include, collect_done done)
      : self_(self), include_(std::move(include)), done_(std::move(done)),
        asking_ends_(self->clock().now() + collect_asking_time) {
    const auto& members = self->state.members;
    last_ = members.empty() ? 0 : members.rbegin()->first;
  }

  void go_on() {
    while (places_taken_ < collect_places && ask_next())
      ;
    if (awaited_ == 0)
      finish();
  }

private:
  /// False if no peer is left, or no time to ask one.
  bool ask_next() {
    const auto& members = self_->state.members;
    auto next = members.upper_bound(cursor_);
    while (next != members.end() && next->first <= last_ && !include_(next->second))
      ++next;
    if (next == members.end() || next->first > last_ ||
        self_->clock().now() >= asking_ends_)
      return false;
    cursor_ = next->first;
    ++places_taken_;
    ++awaited_;
    found_.entries.emplace_back(); // its row, so that nothing need be sorted
    ask(next->second, found_.entries.size() - 1, true);
    return true;
  }

  /// @param has_place The first time; the second time the peer has lost its place.
  void ask(const peer_set_state::member& whom, std::size_t row, bool has_place) {
    const caf::timespan patience =
      has_place ? collect_place_time : collect_patience - collect_place_time;
    self_->request(whom.client, patience, get_peer_snapshot{})
      .then(
        [me = shared_from_this(), row, has_place](peer_snapshot& x) {
          me->take(row, std::move(x));
          me->end_question(has_place);
        },
        [me = shared_from_this(), id = whom.info.id, row, has_place](caf::error& why) {
          const auto& members = me->self_->state.members;
          auto member = members.find(id);
          if (!has_place || why != caf::sec::request_timeout || member == members.end())
            return me->end_question(has_place);
          --me->places_taken_;
          me->ask(member->second, row, false);
          me->go_on();
        });
  }

  void end_question(bool had_place) {
    places_taken_ -= had_place ? 1 : 0;
    --awaited_;
    go_on();
  }

  void take(std::size_t row, peer_snapshot x) {
    const auto& known = self_->state;
    auto member = known.members.find(x.info.id);
    x.manual = member != known.members.end() && member->second.manual;
    x.ready = known.routes.is_ready(x.info.id);
    found_.entries[row] = std::move(x);
  }

  void finish() {
    if (!done_)
      return;
    std::erase_if(found_.entries, [](const peer_snapshot& x) { return x.info.id == 0; });
    std::exchange(done_, nullptr)(std::move(found_));
  }

  peer_set_pointer self_;
  collect_filter include_;
  collect_done done_;
  time_point asking_ends_;
  peer_id cursor_ = 0; ///< Asked last.
  peer_id last_ = 0;   ///< The newest peer to ask.
  peer_snapshots found_;
  std::size_t places_taken_ = 0;
  std::size_t awaited_ = 0; ///< Answers, those of peers without a place included.
};

} // namespace

void collect_peer_snapshots(peer_set_pointer self, collect_filter include,
                            collect_done done) {
  std::make_shared<snapshot_collection>(self, std::move(include), std::move(done))
    ->go_on();
}

} // namespace peerage
