#pragma once

#include "actors/status/http/http_router.hpp"
#include "actors/status/http/rpc_cookie.hpp"
#include "actors/status/http/status_actor.hpp"
#include "actors/status/rpc/rpc_server.hpp"

namespace peerage {

/// What is GET of the node: reads, which need no authentication.
void add_read_endpoints(http_router& routes, std::shared_ptr<http_executor> door,
                        const status_actor& status);

/// POST /: JSON-RPC, for who knows the cookie; nobody if there is none.
void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie);

/// What is the same for every node: GET /schema/NAME, and GET /, a page of HTML.
void add_fixed_endpoints(http_router& routes, std::string_view page);

} // namespace peerage
