// SPDX-License-Identifier: MIT
#include "tests/support/memory_resolver.hpp"

#include "actors/transport/weak_send.hpp"

namespace peerage {

void memory_resolver::add(const std::string& name, std::vector<endpoint> endpoints) {
  script_[name] = resolved{name, std::move(endpoints), {}, 0};
}

void memory_resolver::add_error(const std::string& name, std::string error) {
  script_[name] = resolved{name, {}, std::move(error), 0};
}

void memory_resolver::add_black_hole(const std::string& name) {
  script_[name] = std::nullopt;
}

void memory_resolver::resolve(std::string name, std::uint16_t port,
                              const caf::strong_actor_ptr& sink) {
  ++lookups_;
  resolved result{name, {}, {}, port};
  if (auto found = script_.find(name); found != script_.end()) {
    if (!found->second)
      return;
    result = *found->second;
    result.port = port;
    for (auto& where : result.endpoints)
      where.port = port;
  } else if (auto numbers = endpoint_in_numbers(name, port)) {
    result.endpoints = {*numbers};
  } else {
    result.error = "the name is unknown";
  }
  normalise(result);
  deliver(caf::actor_cast<caf::weak_actor_ptr>(sink), std::move(result));
}

} // namespace peerage
