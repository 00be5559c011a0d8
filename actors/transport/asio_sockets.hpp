// SPDX-License-Identifier: MIT
#pragma once

#include "actors/transport/transport.hpp"

#include <memory>

namespace peerage {

/// TCP. Boost.Asio accepts and dials, on a thread for that alone; then each connection
/// belongs for life to one of `threads` I/O threads, each an `epoll_loop`. None of these
/// is a worker of the actors. Destroying it joins them; all actors that use its
/// transports must have ended before.
/// @param reach What may be dialed.
std::shared_ptr<socket_provider> make_asio_sockets(dial_reach reach,
                                                   std::size_t threads = 1);

} // namespace peerage
