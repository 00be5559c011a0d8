// SPDX-License-Identifier: MIT
#include "messages/wire/payload_pool.hpp"

#include <cstdlib>

namespace peerage::wire {

void payload_pool::release::operator()(std::byte* memory) const {
  std::free(memory);
}

payload_pool::buffer payload_pool::take(std::size_t size) {
  std::lock_guard guard{mutex_};
  auto best = kept_.end();
  for (auto i = kept_.begin(); i != kept_.end(); ++i)
    if (i->capacity >= size && i->capacity / 2 <= size &&
        (best == kept_.end() || i->capacity <= best->capacity))
      best = i; // of equals the last one: most of it may still be in the cache
  if (best == kept_.end())
    return {};
  auto result = std::move(*best);
  kept_.erase(best);
  kept_bytes_ -= result.capacity;
  return result;
}

void payload_pool::give_back(buffer&& used) {
  buffer dropped = std::move(used); // freed outside of the lock, if at all
  std::lock_guard guard{mutex_};
  if (dropped.capacity < min_capacity || kept_bytes_ + dropped.capacity > max_kept)
    return;
  kept_bytes_ += dropped.capacity;
  kept_.push_back(std::move(dropped));
}

std::size_t payload_pool::kept_bytes() const {
  std::lock_guard guard{mutex_};
  return kept_bytes_;
}

} // namespace peerage::wire
