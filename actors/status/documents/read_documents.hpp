// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/documents/historian.hpp"
#include "actors/status/http/http_router.hpp"
#include "actors/status/http/status_actor.hpp"

#include <memory>

namespace peerage {

/// The GETs of the node's state, which need no authentication.
void add_read_documents(http_router& routes, std::shared_ptr<http_executor> door,
                        const status_actor& status, const historian_actor& history);

} // namespace peerage
