// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"
#include "actors/status/http/status_actor.hpp"

namespace peerage {

/// GET /peers/ID: one peer, asked alone, with its actor group and its remembered events.
/// 404 if it is gone.
void answer_peer(status_pointer self, const std::string& id_text,
                 const reply_slot_ptr& slot);

} // namespace peerage
