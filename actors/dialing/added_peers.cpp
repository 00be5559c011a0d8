// SPDX-License-Identifier: MIT
#include "actors/dialing/added_peers.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

bool added_peers::add(entry x) {
  if (std::ranges::find(entries_, x.text, &entry::text) != entries_.end() ||
      (x.remote && contains(*x.remote)) ||
      (x.name && std::ranges::find(entries_, x.name, &entry::name) != entries_.end()))
    return false;
  entries_.push_back(std::move(x));
  return true;
}

std::optional<added_peers::entry> added_peers::remove(std::string_view text) {
  auto found = std::ranges::find(entries_, text, &entry::text);
  if (found == entries_.end())
    return std::nullopt;
  auto result = std::move(*found);
  entries_.erase(found);
  return result;
}

bool added_peers::contains(const endpoint& remote) const {
  return std::ranges::any_of(entries_,
                             [&](const entry& x) { return x.remote == remote; });
}

} // namespace peerage
