// SPDX-License-Identifier: MIT
#include "tests/integration/peer_group_fixture.hpp"

namespace peerage::test {

void patient(node_context& context) {
  context.timing.ping_interval = 600s;
  context.timing.ping_timeout = 300s;
}

test_node_options patiently() {
  test_node_options result;
  result.adjust = patient;
  return result;
}

void settle(test_node& node, test_node::connected_pair& pair) {
  REQUIRE(eventually([&] {
    pair.remote.round_trip();
    return pair.remote.pings > 0;
  }));
  REQUIRE(eventually([&] {
    return node.snapshot_of(pair.peer.client).last_ping > caf::timespan::zero();
  }));
}

drop_result drop(test_node& node, test_node::connected_pair pair) {
  auto until = in(drop_bound);
  pair.peer.client = nullptr;
  drop_result result;
  result.remote_read_end_of_file = pair.remote.read_end(until) == stream_end::end_of_file;
  pair.remote.close();
  result.all_gone = node.returns_to_baseline(until);
  return result;
}

double since(deadline start) {
  return milliseconds(wall_clock::now() - start);
}

} // namespace peerage::test
