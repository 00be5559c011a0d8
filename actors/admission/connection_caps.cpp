// SPDX-License-Identifier: MIT
#include "actors/admission/connection_caps.hpp"

#include "messages/checks/mutant.hpp"

namespace peerage {

std::optional<cap_refusal> connection_caps::try_take(const endpoint& remote) {
  if (auto refusal = would_refuse(remote))
    return refusal;
  take(remote);
  return std::nullopt;
}

void connection_caps::take(const endpoint& remote) {
  taken_.insert(remote);
  ++members_[host_of(remote)];
  ++members_[cap_subnet_of(remote)];
}

std::optional<cap_refusal> connection_caps::would_refuse(const endpoint& remote) const {
  if (!(limits_.loopback_exempt && remote.is_loopback())) {
    if (with_ip_of(remote) >= limits_.per_ip)
      return cap_refusal::per_ip;
    if (in_subnet_of(remote) >= limits_.per_subnet)
      return cap_refusal::per_subnet;
  }
  if (size() >= limits_.total)
    return cap_refusal::total;
  return std::nullopt;
}

bool connection_caps::release(const endpoint& remote) {
  auto found = taken_.find(remote);
  if (found == taken_.end())
    return false;
  taken_.erase(found);
  remove_from(host_of(remote));
  remove_from(cap_subnet_of(remote));
  return true;
}

std::size_t connection_caps::with_ip_of(const endpoint& remote) const {
  return is_on(mutant::caps_keyed_by_port) ? taken_.count(remote)
                                           : members_of(host_of(remote));
}

std::size_t connection_caps::in_subnet_of(const endpoint& remote) const {
  return members_of(cap_subnet_of(remote));
}

std::size_t connection_caps::members_of(const subnet& range) const {
  auto found = members_.find(range);
  return found == members_.end() ? 0 : found->second;
}

void connection_caps::remove_from(const subnet& range) {
  auto found = members_.find(range);
  if (--found->second == 0)
    members_.erase(found);
}

} // namespace peerage
