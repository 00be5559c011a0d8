// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http_sessions.hpp"
#include "actors/status/http/status_address.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace peerage {

/// One address that the status server listens on. Destroying it closes it, and removes a
/// Unix socket's file if it is still its own.
class http_listener {
public:
  virtual ~http_listener() = default;
  virtual std::string url() const = 0;
  /// Hands connections to `sessions` from now on, on the context's thread.
  virtual void start(http_sessions& sessions) = 0;
  /// Accepts again, after it could not.
  virtual void on_tick() = 0;
};

/// Binds and listens; `hosts` are for TCP. Null, with a text for people, if that fails.
std::unique_ptr<http_listener> open_http_listener(boost::asio::io_context& context,
                                                  const status_address& at,
                                                  const host_rules& hosts,
                                                  std::string& error);

/// Takes over a socket that somebody else has opened, of TCP or Unix, and that listens
/// already. Its file, if it has one, is left to whoever has made it. On success the
/// descriptor belongs to the listener. Null, with a text for people, if that fails. TCP
/// has to be on loopback, as for `parse_status_address`, unless `hosts` has any address.
std::unique_ptr<http_listener> adopt_http_listener(boost::asio::io_context& context,
                                                   int descriptor,
                                                   const host_rules& hosts,
                                                   std::string& error);

} // namespace peerage
