// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>

namespace peerage {

/// Keeps a descriptor from programs that this process starts: with a copy of a socket
/// there, its remote would not see our end. Asio opens its sockets without this flag.
inline void close_on_exec(int descriptor) {
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

} // namespace peerage
