#pragma once

#include "actors/interfaces/answers.hpp"
#include "messages/inbound.hpp"
#include "messages/type_ids.hpp"

namespace peerage {

/// What the node supplies to answer its peers; see messages/inbound.hpp. CONNECTIONs ask
/// it, by way of the INBOUND_DISPATCHER. An error is "nothing". It must answer each
/// message; it may take its time only at the expense of the peer that asked.
/// A service that keeps a response promise keeps itself alive by it: answer, or end it.
using inbound_service_actor = answers_each_actor<service_request>;

} // namespace peerage
