// SPDX-License-Identifier: MIT
#pragma once

namespace peerage::test {

class world;

/// What is watched in a world; see the invariants in actors/README.md.
struct expectations {
  /// Nodes send no pings of their own accord but those of heartbeats and fences (I4).
  bool only_heartbeats_ping = true;
};

/// Watches the invariants over the whole world, from now on.
void watch_invariants(world& over, const expectations& expected = {});

} // namespace peerage::test
