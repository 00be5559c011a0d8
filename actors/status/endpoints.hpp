#pragma once

#include "actors/status/http_router.hpp"
#include "actors/status/status_actor.hpp"

namespace peerage {

/// GET /status, /peers, /peers/ID and /health: reads, which need no authentication.
void add_read_endpoints(http_router& routes, const status_actor& status);

} // namespace peerage
