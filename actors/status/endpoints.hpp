#pragma once

#include "actors/status/http_router.hpp"
#include "actors/status/rpc_cookie.hpp"
#include "actors/status/rpc_server.hpp"
#include "actors/status/status_actor.hpp"

namespace peerage {

/// GET /status, /peers, /peers/ID and /health: reads, which need no authentication.
void add_read_endpoints(http_router& routes, const status_actor& status);

/// POST /: JSON-RPC, for who knows the cookie; nobody if there is none.
void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie);

} // namespace peerage
