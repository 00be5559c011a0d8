// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc_services.hpp"

#include "messages/wire/messages.hpp"

#include <string_view>

namespace peerage {

std::string services_hex(std::uint64_t services) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result(16, '0');
  for (std::size_t i = 0; i < 16; ++i)
    result[15 - i] = digits[(services >> (4 * i)) & 15];
  return result;
}

rpc_json services_names(std::uint64_t services) {
  auto result = rpc_json::array();
  for (unsigned bit = 0; bit < 64; ++bit)
    switch (services & (std::uint64_t{1} << bit)) {
    case 0: break;
    case wire::node_network: result.push_back("NETWORK"); break;
    case wire::node_bloom: result.push_back("BLOOM"); break;
    case wire::node_witness: result.push_back("WITNESS"); break;
    case wire::node_compact_filters: result.push_back("COMPACT_FILTERS"); break;
    case wire::node_network_limited: result.push_back("NETWORK_LIMITED"); break;
    case wire::node_p2p_v2: result.push_back("P2P_V2"); break;
    default: result.push_back("UNKNOWN[2^" + std::to_string(bit) + "]");
    }
  return result;
}

} // namespace peerage
