// SPDX-License-Identifier: MIT
#pragma once

#include "tests/simulation/internet/remotes/remote.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace peerage::test {

/// A way for a remote to be other than it should be, or only other than ours.
struct stranger {
  std::string_view name;
  std::shared_ptr<remote> (*make)(world& in, bool dials);
  /// It comes again a moment after each end.
  bool insists = false;
};

/// All that we know of.
const std::vector<stranger>& strangers();

/// A machine of its own that does nothing but this. It listens, and dials the nodes one
/// after the other; each connection in either direction is such a remote.
class stranger_host {
public:
  stranger_host(world& in, const stranger& kind, const host_conditions& machine = {});

  const stranger& kind() const { return kind_; }
  /// Where it listens.
  endpoint place() const;
  /// Dials this node now.
  void dial(const endpoint& node);
  /// Dials one of the nodes after each pause, until `stop`.
  void dial_on(caf::timespan pause);
  void stop() { going_ = false; }

private:
  world& world_;
  const stranger& kind_;
  host_id host_;
  bool going_ = false;
};

} // namespace peerage::test
