// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/documents/page_file.hpp"
#include "actors/status/http/host_check.hpp"
#include "actors/status/http/rpc_cookie.hpp"
#include "actors/status/http/status_actor.hpp"
#include "actors/status/http/status_address.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The status socket: the node's state as JSON over HTTP/1.1. This is the folder's public
/// header.
///
/// ```
/// client ── session ─> http_router ─> endpoints ── task ──> STATUS ── request ──> owner
///              ^        (one HTTP thread)                     │    (actor workers)
///              └───────────────── reply_slot ─────────────────┘
/// ```
namespace peerage {

struct status_options {
  std::vector<page_file> page;              ///< Empty: there is none.
  std::shared_ptr<const rpc_cookie> cookie; ///< Needed for calls; null: calls are off.
};

/// Serves status on a thread of its own, so that a slow client never slows a peer.
class status_server {
public:
  status_server();
  status_server(const status_server&) = delete;
  status_server& operator=(const status_server&) = delete;
  ~status_server();

  /// Binds an address at once, so that one in use is found before any actor runs; false,
  /// with a text for people, if that fails. Unix sockets get mode 0600, and replace those
  /// of a dead process.
  bool listen(const status_address& at, const host_rules& hosts, std::string& error);

  /// The same for clients of a network: nothing is served there but /metrics,
  /// /health/live and /health/ready, within the same limits and with places of its own.
  bool listen_for_metrics(const status_address& at, const host_rules& hosts,
                          std::string& error);

  /// The same with sockets that somebody else has opened (see `adopt_http_listener`).
  bool adopt(int descriptor, const host_rules& hosts, std::string& error);
  bool adopt_for_metrics(int descriptor, const host_rules& hosts, std::string& error);

  /// Starts to answer, by asking `source`. Call it once.
  void start(caf::actor_system& system, const status_source_actor& source,
             const status_options& options);

  /// Its addresses: "http://127.0.0.1:8645", "unix:/run/peerage.sock".
  std::vector<std::string> urls() const;
  std::vector<std::string> metrics_urls() const;

  /// Closes event streams, cuts other connections, removes Unix sockets, ends the actors.
  /// May be repeated; must come before the actor system is destroyed.
  void stop();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace peerage
