// SPDX-License-Identifier: MIT
#pragma once

#include "actors/dialing/dialer.hpp"

#include <nlohmann/json.hpp>

#include <string>

/// What the DIALER finds when it starts: its state file, the changes in its journal, its
/// options. Part of its behaviour.
namespace peerage::dialing {

using self_pointer = dialer_actor::stateful_pointer<dialer_state>;

/// To be called when the DIALER starts.
void load(self_pointer self);

// A change in the journal is one of these.
nlohmann::json record_of_added(const std::string& text);
nlohmann::json record_of_removed(const std::string& text);

} // namespace peerage::dialing
