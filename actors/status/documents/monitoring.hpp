// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http_router.hpp"
#include "actors/status/http/status_actor.hpp"

#include <memory>

namespace peerage {

/// GET /metrics, and the two questions of those who keep services running: /health/live
/// (200 as long as the node answers; else restart it) and /health/ready (200 when it can
/// serve requests, else 503). They tell nothing of any peer.
void add_monitoring_endpoints(http_router& routes, std::shared_ptr<http_executor> door,
                              const status_actor& status);

} // namespace peerage
