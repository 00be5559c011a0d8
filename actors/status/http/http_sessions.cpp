// SPDX-License-Identifier: MIT
#include "actors/status/http/http_sessions.hpp"

namespace peerage {

void http_sessions::tick() {
  const auto moment = now();
  for (const auto* all : {&open, &streams}) {
    const auto here = *all; // a copy: a session that ends leaves
    for (const auto& entry : here)
      entry.second->on_tick(moment);
  }
  if (upgrades)
    upgrades->on_tick();
}

void http_sessions::end(id who) {
  if (auto found = open.find(who); found != open.end()) {
    const auto x = found->second;
    x->end();
  }
}

} // namespace peerage
