// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/documents/historian.hpp"
#include "actors/status/documents/page_file.hpp"
#include "actors/status/http/http_router.hpp"
#include "actors/status/http/rpc_cookie.hpp"
#include "actors/status/http/status_actor.hpp"
#include "actors/status/rpc/rpc_server.hpp"

namespace peerage {

/// The GETs of the node's state, which need no authentication.
void add_read_endpoints(http_router& routes, std::shared_ptr<http_executor> door,
                        const status_actor& status, const historian_actor& history);

/// GET /metrics, and the two questions of those who keep services running: /health/live
/// (200 as long as the node answers; else restart it) and /health/ready (200 when it can
/// serve requests, else 503). They tell nothing of any peer.
void add_monitoring_endpoints(http_router& routes, std::shared_ptr<http_executor> door,
                              const status_actor& status);

/// POST /: JSON-RPC, for clients with the cookie; for none if there is no cookie.
void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie);

/// The resources that are the same for every node: GET /schema/NAME, and the page's
/// files.
void add_fixed_endpoints(http_router& routes, const std::vector<page_file>& page);

} // namespace peerage
