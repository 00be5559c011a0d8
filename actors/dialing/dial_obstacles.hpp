#pragma once

#include "actors/control.hpp"
#include "actors/dialing/dialer.hpp"

namespace peerage {

/// What would stop a dial of `remote` at this moment; see `explain_dial`.
obstacles dial_obstacles(const dialer_state& state, const endpoint& remote,
                         time_point now);

} // namespace peerage
