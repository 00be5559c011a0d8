// SPDX-License-Identifier: MIT
#pragma once

#include "tests/support/raw_peer.hpp"
#include "tests/support/test_node.hpp"

#include <doctest/doctest.h>

/// The invariants that the simulation tests check under a virtual clock, once over real
/// sockets and real threads: here is what their files share.
namespace peerage::test {

/// How soon a dropped client has to be gone, and everything of it.
constexpr auto drop_bound = 1s;

/// The most that a deadline may come late on a busy machine.
constexpr auto slack = 700ms;

/// Timing that no test of a drop ever waits for.
void patient(node_context& context);

test_node_options patiently();

/// Waits until the first heartbeat is answered, so that nothing is under way.
void settle(test_node& node, test_node::connected_pair& pair);

struct drop_result {
  bool remote_read_end_of_file = false;
  bool all_gone = false;
};

/// Drops the last handle of a peer, and looks at what is left of it.
drop_result drop(test_node& node, test_node::connected_pair pair);

/// Milliseconds since `start`.
double since(deadline start);

template <class Duration>
double milliseconds(Duration x) {
  return std::chrono::duration<double, std::milli>(x).count();
}

} // namespace peerage::test
