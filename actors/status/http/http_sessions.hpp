// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/held_documents.hpp"
#include "actors/status/http/host_check.hpp"
#include "actors/status/http/http.hpp"
#include "actors/status/http/http_admission.hpp"
#include "actors/status/http/http_router.hpp"
#include "actors/status/http/http_session.hpp"
#include "actors/status/http/rpc_cookie.hpp"
#include "actors/status/http/session_clock.hpp"
#include "actors/status/http/status_limits.hpp"
#include "messages/endpoint.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>

namespace peerage {

/// An address that is listened on, with the connections admitted there.
struct http_address {
  /// Empty for a Unix socket, which no browser can reach.
  std::optional<endpoint> bound;
  host_rules hosts;
  admission places{{status_limits::idle_connections, status_limits::documents,
                    status_limits::calls, status_limits::waiting_calls,
                    status_limits::urgent_documents}};
  std::size_t streams = 0;             ///< Event streams without the cookie.
  std::size_t streams_with_cookie = 0; ///< Event streams with the cookie.
};

/// A connection that does not come back for another request: it continues with another
/// protocol than HTTP, or its answer has no end.
struct http_upgrade {
  std::shared_ptr<http_address> at;
  admission::connection_id id = 0;
  status_socket socket;
  http_request asked;
  bool has_cookie = false;
};

/// What such connections go on with.
class http_upgrades {
public:
  /// Whether a request asks for it.
  virtual bool is_wanted(const http_request& what) const = 0;
  /// The refusal; empty: `open` may follow.
  virtual std::optional<http_reply>
  refuse(const http_request& what, const http_address& at, bool has_cookie) const = 0;
  /// Takes the place of the HTTP session, among `http_sessions::streams`.
  virtual void open(http_upgrade x) = 0;
  virtual void on_tick() = 0;

protected:
  ~http_upgrades() = default;
};

/// The state that all connections share. Outlives them.
struct http_sessions {
  explicit http_sessions(boost::asio::io_context& context)
      : door(std::make_shared<http_executor>(context)) {}

  using id = admission::connection_id;

  /// The sessions' time.
  session_clock::time_point now() {
    return clock.advance(std::chrono::steady_clock::now());
  }
  /// Lets every session check its deadlines; call it every `status_limits::tick`.
  void tick();
  /// Ends this one, if it is still there.
  void end(id who);

  http_router routes;
  std::shared_ptr<http_executor> door;
  http_upgrades* upgrades = nullptr;        ///< Null: there are none.
  std::shared_ptr<const rpc_cookie> cookie; ///< null: there is none.
  /// Keeps a session alive while it waits for nothing but its reply.
  std::map<id, std::shared_ptr<http_session>> open;
  /// Those that have become event streams. They have a limit of their own: following
  /// events for hours takes no place from requests.
  std::map<id, std::shared_ptr<http_session>> streams;
  id last_id = 0;
  session_clock clock{std::chrono::steady_clock::now()};
  held_documents documents;
  std::size_t body_bytes = 0; ///< Of the bodies of calls.
  std::array<char, status_limits::read_bytes> scratch{};
};

} // namespace peerage
