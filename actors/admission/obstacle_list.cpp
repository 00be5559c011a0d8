// SPDX-License-Identifier: MIT
#include "actors/admission/obstacle_list.hpp"

namespace peerage {

void obstacle_list::add(std::string kind, std::string detail, double until) {
  found_.entries.push_back({std::move(kind), std::move(detail), until});
}

void obstacle_list::add_network(bool active) {
  if (!active)
    add("network_inactive", "connections are switched off");
}

void obstacle_list::add_reach(dial_reach reach, const endpoint& remote) {
  if (const auto problem = reach_problem(reach, remote); !problem.empty())
    add(names_host(remote) ? "out_of_reach" : "no_host", std::string(problem));
}

void obstacle_list::add_ban(const std::optional<ban>& found) {
  if (found)
    add("banned",
        to_string(found->range) + " is banned: " + std::string(reason_of(*found)),
        static_cast<double>(found->until));
}

void obstacle_list::add_cap(std::optional<cap_refusal> refusal, const endpoint& remote) {
  if (refusal == cap_refusal::per_ip)
    add("address_limit", ip_to_string(remote) + " has as many peers as one address may");
  else if (refusal == cap_refusal::per_subnet)
    add("subnet_limit",
        to_string(cap_subnet_of(remote)) + " has as many peers as one network may");
}

} // namespace peerage
