// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

void rpc_methods::add(rpc_method x) {
  methods_.push_back(std::move(x));
}

const rpc_method* rpc_methods::find(std::string_view name) const {
  auto found = std::ranges::find(methods_, name, &rpc_method::name);
  return found == methods_.end() ? nullptr : &*found;
}

rpc_methods all_rpc_methods() {
  rpc_methods result;
  add_network_methods(result);
  add_peer_methods(result);
  add_dialing_methods(result);
  add_address_methods(result);
  add_ban_methods(result);
  add_chain_methods(result);
  add_node_methods(result);
  add_logging_method(result);
  add_explain_methods(result);
  add_waitfor_method(result);
  add_request_method(result);
  return result;
}

} // namespace peerage
