#pragma once

#include "actors/transport/transport.hpp"

#include <memory>

namespace peerage {

/// TCP by Boost.Asio. Runs `threads` I/O threads of its own, apart from the actors'
/// workers; each connection belongs to one of them for life. Destroying it joins
/// the threads; all actors that use its transports must have ended before.
std::shared_ptr<socket_provider> make_asio_sockets(std::size_t threads = 1);

} // namespace peerage
