// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

namespace peerage {

/// Sockets that the service manager has opened for this process (socket activation;
/// systemd.socket(5), sd_listen_fds(3)), by what they are for: the `FileDescriptorName=`
/// of their units.
struct handed_sockets {
  std::vector<int> p2p, status, metrics;
};

/// Takes them; a second call finds none. Call it before any thread starts: it changes the
/// environment, so that no child takes them for its own.
/// @throws start_error for one with another name.
handed_sockets take_handed_sockets();

} // namespace peerage
