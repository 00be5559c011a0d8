// SPDX-License-Identifier: MIT
#pragma once

#include "actors/transport/resolver.hpp"

#include <map>

namespace peerage {

/// Knows what it is told. Answers inside of the call, so that under a deterministic
/// scheduler all is deterministic. For one thread only.
class memory_resolver : public resolver {
public:
  /// The port of these is replaced by the one asked for.
  void add(const std::string& name, std::vector<endpoint> endpoints);
  void add_error(const std::string& name, std::string error);
  /// Lookups of this name never end.
  void add_black_hole(const std::string& name);

  /// Every call counts, answered or not.
  std::size_t lookups() const { return lookups_; }

  /// Names that were not added are an error, unless numeric.
  void resolve(std::string name, std::uint16_t port,
               const caf::strong_actor_ptr& sink) override;

private:
  std::map<std::string, std::optional<resolved>> script_; ///< Nothing: never answered.
  std::size_t lookups_ = 0;
};

} // namespace peerage
