// SPDX-License-Identifier: MIT
#include "actors/transport/resolver.hpp"

#include "actors/transport/socket_address.hpp"
#include "actors/transport/weak_send.hpp"
#include "messages/subnet.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

namespace peerage {

namespace {

// -- threads ------------------------------------------------------------------------

/// What a resolver and its threads share. Threads may outlive all else.
struct shared_lookups {
  lookup_function lookup;

  /// Held while an answer is sent, so that none is under way once a resolver is closed.
  /// Recursive, as sending may drop the sink's last reference, and thereby the resolver.
  std::recursive_mutex mutex;
  bool closed = false;
  std::size_t under_way = 0;
};

void run_lookup(const std::shared_ptr<shared_lookups>& shared, std::string name,
                std::uint16_t port, const caf::weak_actor_ptr& sink) {
  resolved result{std::move(name), {}, {}, port};
  shared->lookup(result.name, port, result);
  normalise(result);
  std::lock_guard guard{shared->mutex};
  --shared->under_way;
  if (!shared->closed)
    deliver(sink, std::move(result));
}

class threaded_resolver : public resolver {
public:
  explicit threaded_resolver(lookup_function lookup) {
    shared_->lookup = std::move(lookup);
  }

  ~threaded_resolver() override {
    std::lock_guard guard{shared_->mutex};
    shared_->closed = true;
  }

  void resolve(std::string name, std::uint16_t port,
               const caf::strong_actor_ptr& sink) override {
    auto to = caf::actor_cast<caf::weak_actor_ptr>(sink);
    if (auto numbers = endpoint_in_numbers(name, port)) {
      deliver(to, resolved{std::move(name), {*numbers}, {}, port});
    } else if (name.empty() || name.size() > max_name_length ||
               name.find('\0') != name.npos) {
      deliver(to, resolved{std::move(name), {}, "not a name", port});
    } else if (!begin()) {
      deliver(to, resolved{std::move(name), {}, "too many lookups under way", port});
    } else {
      start(std::move(name), port, std::move(to));
    }
  }

private:
  /// Takes one of the places for lookups.
  bool begin() {
    std::lock_guard guard{shared_->mutex};
    if (shared_->under_way >= max_lookups)
      return false;
    ++shared_->under_way;
    return true;
  }

  void start(std::string name, std::uint16_t port, caf::weak_actor_ptr sink) {
    try {
      std::thread{run_lookup, shared_, name, port, sink}.detach();
    } catch (const std::system_error& error) {
      std::lock_guard guard{shared_->mutex};
      --shared_->under_way;
      deliver(sink, resolved{std::move(name), {}, error.what(), port});
    }
  }

  std::shared_ptr<shared_lookups> shared_ = std::make_shared<shared_lookups>();
};

// -- the system's lookup ------------------------------------------------------------

void system_lookup(const std::string& name, std::uint16_t port, resolved& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM; // else each address comes once per type
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (auto error = getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    out.error = error == EAI_SYSTEM ? std::generic_category().message(errno)
                                    : std::string{gai_strerror(error)};
    return;
  }
  for (auto* at = found; at != nullptr; at = at->ai_next)
    if (auto where = endpoint_of(at->ai_addr))
      out.endpoints.push_back(where->with_port(port));
  freeaddrinfo(found);
}

} // namespace

void normalise(resolved& x) {
  std::vector<endpoint> distinct;
  for (const auto& found : x.endpoints)
    if (distinct.size() < resolver::max_endpoints &&
        std::ranges::find(distinct, found) == distinct.end())
      distinct.push_back(found);
  x.endpoints = std::move(distinct);
  if (!x.endpoints.empty())
    x.error.clear();
  else if (x.error.empty())
    x.error = "the name has no address";
}

std::optional<endpoint> endpoint_in_numbers(const std::string& name, std::uint16_t port) {
  subnet host;
  if (name.find('/') != name.npos || !parse_subnet(name, host))
    return std::nullopt;
  return host.first().with_port(port);
}

resolver_ptr make_threaded_resolver(lookup_function lookup) {
  return std::make_shared<threaded_resolver>(std::move(lookup));
}

resolver_ptr make_system_resolver() {
  return make_threaded_resolver(system_lookup);
}

} // namespace peerage
