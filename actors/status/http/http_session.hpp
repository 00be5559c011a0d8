// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/session_clock.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <memory>

namespace peerage {

struct http_address;
struct http_sessions;

/// A socket of either kind, TCP or Unix: one type, so that HTTP and WebSocket are
/// compiled once.
using status_socket = boost::asio::generic::stream_protocol::socket;

/// One connection, whatever it runs over. Lives on the HTTP thread only.
///
/// An exception ends one connection and nothing else. Asio's operations may be lost by
/// it, together with their handlers, so each session checks at every tick whether the
/// operation it waits for can still end.
class http_session {
public:
  virtual ~http_session() = default;
  /// The server stops: tells the client if it can, else is cut.
  virtual void go_away() {}
  /// Looks at its deadlines.
  virtual void on_tick(session_clock::time_point now) = 0;
  /// Closes the connection and gives up its places. May be repeated.
  virtual void end() = 0;
};

/// Takes a new connection into `sessions`, if there is a place at `at`.
void open_session(http_sessions& sessions, const std::shared_ptr<http_address>& at,
                  status_socket socket);

} // namespace peerage
