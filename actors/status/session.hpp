#pragma once

#include "actors/status/event_feed.hpp"
#include "actors/status/http.hpp"
#include "actors/status/http_router.hpp"
#include "messages/endpoint.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <memory>
#include <optional>
#include <unordered_set>

namespace peerage {

/// A socket of either kind, TCP or Unix: one type, so that HTTP and WebSocket are
/// compiled once.
using status_socket = boost::asio::generic::stream_protocol::socket;

/// One connection, whatever it runs over. Lives on the HTTP thread only.
class http_session {
public:
  virtual ~http_session() = default;
  /// The server stops: says so if it can, else is cut.
  virtual void go_away() {}
};

/// What all connections share. Outlives them.
struct http_sessions {
  explicit http_sessions(boost::asio::io_context& context)
      : door(std::make_shared<http_thread_door>(context)), events(door) {}

  http_router routes;
  std::shared_ptr<http_thread_door> door;
  event_feed events;
  /// Keeps a session alive while it waits for nothing but its reply.
  std::unordered_set<std::shared_ptr<http_session>> open;
  /// Those that have become event streams. They have a limit of their own: who follows
  /// the events, for hours maybe, takes no place from who asks.
  std::unordered_set<std::shared_ptr<http_session>> streams;
};

/// Takes a new connection into `sessions`, within the limit on connections. `bound` is
/// the address it came to; a Unix socket has none, and no browser can reach it.
void open_session(http_sessions& sessions, status_socket socket,
                  const std::optional<endpoint>& bound);

} // namespace peerage
