// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/rpc/rpc_json.hpp"

#include <cstdint>
#include <string>

namespace peerage {

/// "0000000000000409", as Bitcoin Core prints service bits.
std::string services_hex(std::uint64_t services);
/// ["NETWORK", "WITNESS", …]
rpc_json services_names(std::uint64_t services);

} // namespace peerage
