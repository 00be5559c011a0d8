// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http_router.hpp"
#include "actors/status/http/rpc_cookie.hpp"
#include "actors/status/http/status_actor.hpp"
#include "actors/status/rpc/rpc.hpp"

#include <memory>

namespace peerage {

/// POST /: JSON-RPC, for clients with the cookie; for none if there is no cookie.
void add_rpc_endpoint(http_router& routes, const status_actor& status,
                      std::shared_ptr<const rpc_methods> methods,
                      std::shared_ptr<const rpc_cookie> cookie);

} // namespace peerage
