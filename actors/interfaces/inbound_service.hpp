// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/answers.hpp"
#include "messages/service.hpp"
#include "messages/type_ids.hpp"

namespace peerage {

/// What the node supplies to answer its peers; see messages/service.hpp. CONNECTIONs ask
/// it, by way of the INBOUND_DISPATCHER. An error means "not found". It must answer each
/// message; a slow answer holds up only the peer that asked. A response promise keeps the
/// service alive: answer it, or drop it.
using inbound_service_actor = answers_each_actor<service_request>;

} // namespace peerage
