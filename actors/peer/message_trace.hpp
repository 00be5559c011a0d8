// SPDX-License-Identifier: MIT
#pragma once

#include "messages/lifecycle.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "messages/wire/slice.hpp"

#include <vector>

/// The lines of the log's part `messages`: one for each message of a peer, with its
/// command and its bytes on the wire. They cost one look at the level while they are off.
namespace peerage {

void trace_received(const peer_info& from, const wire::frame& what);

/// @param messages As an outbox gives them: whole messages, one behind the other.
void trace_sent(const peer_info& to, const std::vector<wire::slice>& messages);

} // namespace peerage
