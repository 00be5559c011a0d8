// SPDX-License-Identifier: MIT
#include "actors/transport/send_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerage {

namespace {

/// The cost of one allocation beyond its size, rounded up: glibc keeps 8 bytes with each,
/// and gives out multiples of 16.
constexpr std::size_t allocation_cost = 16;

/// The owner of a slice's buffer: a vector and two counters, in an allocation of their
/// own.
constexpr std::size_t owner_cost = 48 + allocation_cost;

} // namespace

std::size_t send_queue::piece::cost() const {
  return joined.empty() ? whole.held() + owner_cost + allocation_cost
                        : joined.capacity() + allocation_cost;
}

void send_queue::push(std::span<const wire::slice> slices, std::size_t skipped) {
  for (const auto& slice : slices) {
    const auto left = std::min(skipped, slice.size());
    skipped -= left;
    const auto view = slice.view().subspan(left);
    if (view.empty())
      continue;
    bytes_ += view.size();
    if (view.size() < joined_below) {
      join(view);
    } else {
      pieces_.push_back({{}, slice.sub(view).compact()});
      held_ += pieces_.back().cost();
    }
  }
}

void send_queue::join(wire::bytes_view bytes) {
  const bool fits = !empty() && !pieces_.back().joined.empty() &&
                    pieces_.back().joined.size() + bytes.size() <= joined_size;
  if (fits)
    held_ -= pieces_.back().cost();
  else
    pieces_.emplace_back();
  auto& to = pieces_.back().joined;
  if (const auto size = to.size() + bytes.size(); size > to.capacity())
    to.reserve(std::clamp(2 * to.capacity(), size, joined_size));
  to.insert(to.end(), bytes.begin(), bytes.end());
  held_ += pieces_.back().cost();
}

std::size_t send_queue::gather(iovec* pieces, std::size_t count) const {
  std::size_t used = 0;
  for (auto i = first_; i < pieces_.size() && used < count; ++i, ++used) {
    auto view = pieces_[i].view();
    if (i == first_)
      view = view.subspan(offset_);
    pieces[used] = {const_cast<std::byte*>(view.data()), view.size()};
  }
  return used;
}

void send_queue::consume(std::size_t count) {
  bytes_ -= count;
  offset_ += count;
  while (!empty() && offset_ >= pieces_[first_].view().size()) {
    auto& sent = pieces_[first_++];
    offset_ -= sent.view().size();
    held_ -= sent.cost();
    sent = {};
  }
  drop_sent();
}

/// Drops often enough that sent pieces never take more room than waiting ones, and at
/// most once per piece.
void send_queue::drop_sent() {
  if (empty())
    return clear();
  if (first_ < 16 || 2 * first_ < pieces_.size())
    return;
  const auto waiting = pieces_.begin() + static_cast<std::ptrdiff_t>(first_);
  pieces_ = std::vector<piece>{std::make_move_iterator(waiting),
                               std::make_move_iterator(pieces_.end())};
  first_ = 0;
}

} // namespace peerage
