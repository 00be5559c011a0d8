// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"
#include "messages/endpoint.hpp"

#include <caf/actor_control_block.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Names made into addresses, behind one small interface like sockets.
namespace peerage {

/// RESOLVER -> sink: the endpoints of a name.
struct resolved {
  std::string name;                ///< As asked.
  std::vector<endpoint> endpoints; ///< At most `resolver::max_endpoints`, each once.
  std::string error;               ///< For people; empty exactly if there are endpoints.
  std::uint16_t port = 0;          ///< As asked.
};

class resolver {
public:
  /// The most endpoints of one name; Bitcoin Core takes as many from a DNS seed.
  static constexpr std::size_t max_endpoints = 32;
  static constexpr std::size_t max_name_length = 253; ///< Characters; RFC 1035.

  virtual ~resolver() = default;

  /// Sends exactly one `resolved` to `sink`, which is held weakly, unless the resolver is
  /// destroyed first. A numeric address is a name, too. Never blocks, and has no
  /// deadline: a lookup may take minutes.
  virtual void resolve(std::string name, std::uint16_t port,
                       const caf::strong_actor_ptr& sink) = 0;
};

using resolver_ptr = std::shared_ptr<resolver>;

/// Brings the result of any lookup into the form that `resolved` promises.
void normalise(resolved& x);

/// The endpoint of a numeric address without a port; empty for names.
std::optional<endpoint> endpoint_in_numbers(const std::string& name, std::uint16_t port);

/// Finds the endpoints of a name, or leaves an error. May block, must not throw. Called
/// from many threads at once, and may still run when all else has ended.
using lookup_function =
  std::function<void(const std::string& name, std::uint16_t port, resolved& out)>;

/// Lookups under way at one time. Those beyond get an error at once.
inline constexpr std::size_t max_lookups = 16;

/// Runs each lookup on a thread of its own, which is never joined: a lookup that hangs
/// stops neither other lookups, nor the resolver's end, nor that of the process. After
/// its end a resolver sends nothing, so **destroy it before the actor system**.
resolver_ptr make_threaded_resolver(lookup_function lookup);

/// The same with the system's own lookup (getaddrinfo: hosts file, DNS …), which finds
/// only addresses of the families that this host has, too. Thread-safe.
resolver_ptr make_system_resolver();

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::resolved)
