// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "messages/known_address.hpp"
#include "messages/network_names.hpp"
#include "messages/wire/addresses.hpp"

#include <boost/algorithm/string/case_conv.hpp>

/// Bitcoin Core's calls about addresses (rpc/net.cpp of version 28).
namespace peerage {

namespace {

rpc_json render_address(const known_address& entry) {
  return {{"time", entry.address.time},
          {"services", entry.address.services},
          {"address", host_text(entry.address)},
          {"port", entry.address.port},
          {"network", network_name(entry.address.network_id)}};
}

void get_node_addresses(status_pointer self, const rpc_arguments& given,
                        const rpc_done& done) {
  const auto count = given.integer_or("count", 1, INT32_MIN, INT32_MAX);
  if (count < 0)
    throw rpc_error{rpc_code::invalid_parameter, "Address count out of range", {}};
  std::uint8_t network = 0;
  if (given.has("network")) {
    network = network_id(boost::algorithm::to_lower_copy(given.text("network")));
    if (network == 0)
      throw rpc_error{rpc_code::invalid_parameter,
                      "Network not recognized: " + given.text("network"),
                      {}};
  }
  answer_call_with_list<known_address_list>(
    self, self->state.parts.book,
    get_known_addresses{static_cast<std::size_t>(count), network, true}, done,
    render_address);
}

rpc_json render_address_counts(const address_book_snapshot& x) {
  rpc_json result;
  std::uint64_t all_new = 0;
  std::uint64_t all_tried = 0;
  for (const auto& network : x.networks) {
    result[network.network] = {{"new", network.in_new},
                               {"tried", network.in_tried},
                               {"total", network.in_new + network.in_tried}};
    all_new += network.in_new;
    all_tried += network.in_tried;
  }
  result["all_networks"] = {
    {"new", all_new}, {"tried", all_tried}, {"total", all_new + all_tried}};
  return result;
}

void add_peer_address(status_pointer self, const rpc_arguments& given,
                      const rpc_done& done) {
  const auto port = static_cast<std::uint16_t>(given.integer("port", 0, UINT16_MAX));
  endpoint remote;
  if (!parse_endpoint(given.text("address"), 1, remote))
    return done(rpc_json{{"success", false}}); // like Bitcoin Core 28
  remote.port = port;
  const bool tried = given.boolean_or("tried", false);
  const auto now = self->state.parts.context->wall.now();
  constexpr std::uint64_t services = wire::node_network | wire::node_witness;
  add_addresses what{{wire::to_network_address({static_cast<std::uint32_t>(now),
                                                {services, remote.ip, remote.port}})},
                     remote,
                     tried,
                     true};
  change_call<std::uint64_t>(
    self, self->state.parts.book, std::move(what), done, [](std::uint64_t added) {
      if (added == 0)
        return rpc_json{{"error", "failed-adding-to-new"}, {"success", false}};
      return rpc_json{{"success", true}};
    });
}

} // namespace

void add_address_methods(rpc_methods& to) {
  to.add({"getnodeaddresses",
          {{"count", rpc_type::number}, {"network"}},
          "getnodeaddresses ( count \"network\" )\nRandom known addresses; 0: all.",
          get_node_addresses});
  to.add({"getaddrmaninfo",
          {},
          "getaddrmaninfo\nHow many addresses are known, by network and table.",
          [](status_pointer self, const rpc_arguments&, const rpc_done& done) {
            answer_call<address_book_snapshot>(self, self->state.parts.book,
                                               get_address_book_snapshot{}, done,
                                               render_address_counts);
          }});
  to.add(
    {"addpeeraddress",
     {{"address", rpc_type::text, true},
      {"port", rpc_type::number, true},
      {"tried", rpc_type::boolean}},
     "addpeeraddress \"address\" port ( tried )\nAdds an address to the address book.",
     add_peer_address,
     true});
}

} // namespace peerage
