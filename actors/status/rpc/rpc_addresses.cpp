// SPDX-License-Identifier: MIT
#include "actors/interfaces/addresses.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "messages/known_address.hpp"
#include "messages/network_names.hpp"
#include "messages/wire/addresses.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>
#include <memory>
#include <utility>

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

/// The network of an entry's source, in Core's words; entries without one are of DNS
/// seeds.
std::string_view source_network_of(const std::optional<endpoint>& source) {
  if (!source)
    return "internal";
  if (!is_routable(*source))
    return "not_publicly_routable";
  return source->is_ipv4() ? "ipv4" : "ipv6";
}

rpc_json render_place(const address_places::entry& x) {
  const auto& address = x.what.address;
  const auto& source = x.what.source;
  return {{"address", host_text(address)},
          {"port", address.port},
          {"services", address.services},
          {"time", address.time},
          {"network", network_name(address.network_id)},
          {"source", source ? ip_to_string(*source) : "seeds.internal"},
          {"source_network", source_network_of(source)}};
}

/// {"new": {"bucket/slot": address, …}, "tried": {…}}, written a few at a time.
class places_writer {
public:
  explicit places_writer(address_places&& x) : places_(std::move(x)) {}

  std::size_t bytes() const {
    return (places_.in_new.size() + places_.in_tried.size()) *
           sizeof(address_places::entry);
  }

  bool next(std::string& to) {
    if (!std::exchange(begun_, true))
      to += "{\"new\":{";
    if (!in_tried_) {
      if (write_some(to, places_.in_new))
        return true;
      to += "},\"tried\":{";
      in_tried_ = true;
      done_ = 0;
    }
    if (write_some(to, places_.in_tried))
      return true;
    to += "}}";
    return false;
  }

private:
  /// True while there are more.
  bool write_some(std::string& to, const std::vector<address_places::entry>& side) {
    const auto end = std::min(done_ + rpc_entries_per_piece, side.size());
    for (; done_ < end; ++done_) {
      const auto& x = side[done_];
      to += (done_ == 0 ? "\"" : ",\"") + std::to_string(x.bucket) + "/" +
            std::to_string(x.slot) + "\":" + write_rpc_json(render_place(x));
    }
    return done_ < side.size();
  }

  address_places places_;
  bool begun_ = false;
  bool in_tried_ = false;
  std::size_t done_ = 0; ///< Of the side that is being written.
};

void get_raw_table(status_pointer self, const rpc_arguments&, const rpc_done& done) {
  ask<address_places>(
    self, self->state.parts.book, get_address_places{},
    [done](caf::expected<address_places> found) {
      if (!found)
        return done(rpc_error_of(found.error()));
      auto writer = std::make_shared<places_writer>(std::move(*found));
      done(rpc_stream{[writer](std::string& to) { return writer->next(to); },
                      writer->bytes()});
    });
}

void add_peer_address(status_pointer self, const rpc_arguments& given,
                      const rpc_done& done) {
  const auto port = static_cast<std::uint16_t>(given.integer("port", 0, UINT16_MAX));
  endpoint remote;
  if (!parse_endpoint(given.text("address"), 1, remote))
    return done(rpc_json{{"success", false}}); // like Bitcoin Core 28
  remote.port = port;
  const auto& context = *self->state.parts.context;
  if (const auto problem = reach_problem(context.sockets->reach(), remote);
      !problem.empty())
    return done(rpc_json{{"error", "failed-adding-to-new: " + std::string(problem)},
                         {"success", false}});
  const bool tried = given.boolean_or("tried", false);
  const auto now = context.wall.now();
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
  to.add({"getrawaddrman",
          {},
          "getrawaddrman\nAll known addresses, by table, bucket and slot.",
          get_raw_table,
          true});
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
