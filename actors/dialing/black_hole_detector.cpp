// SPDX-License-Identifier: MIT
#include "actors/dialing/black_hole_detector.hpp"

#include "messages/subnet.hpp"

namespace peerage {

namespace {

std::size_t index_of(const endpoint& x) {
  return x.is_ipv4() ? 0 : 1;
}

} // namespace

void black_hole_detector::report(const endpoint& remote, bool reached) {
  if (!is_routable(remote))
    return;
  auto& mine = families_[index_of(remote)];
  if (reached && is_dead(index_of(remote)))
    mine = {}; // it is back: judge it anew
  mine.reached[mine.dials++ % window] = reached;
}

bool black_hole_detector::may_dial(const endpoint& remote) const {
  return !is_routable(remote) || !is_dead(index_of(remote)) ||
         families_[index_of(remote)].left + 1 >= window;
}

void black_hole_detector::left(const endpoint& remote) {
  if (is_routable(remote) && is_dead(index_of(remote)))
    ++families_[index_of(remote)].left;
}

void black_hole_detector::dialed(const endpoint& remote) {
  if (is_routable(remote))
    families_[index_of(remote)].left = 0;
}

bool black_hole_detector::is_dead(std::size_t index) const {
  const auto& mine = families_[index];
  const auto& other = families_[1 - index];
  return mine.dials >= window && mine.reached.count() < fewest_successes &&
         other.reached.count() >= fewest_successes;
}

} // namespace peerage
