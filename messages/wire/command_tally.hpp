// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/commands.hpp"

#include <cstdint>
#include <vector>

namespace peerage::wire {

/// Messages and bytes by command, for one direction of one peer. Small, because a peer
/// uses few commands.
class command_tally {
public:
  void count(command type, std::uint64_t bytes, std::uint64_t messages = 1) {
    auto& x = entry_of(type);
    x.messages += messages;
    x.bytes += bytes;
  }

  /// Calls `take(command, messages)` for the messages counted since the last call.
  template <class Function>
  void report(Function take) {
    for (auto& x : entries_)
      if (x.messages > x.reported) {
        take(x.type, x.messages - x.reported);
        x.reported = x.messages;
      }
  }

  /// Calls `visit(command, messages, bytes)` for each command that was seen.
  template <class Function>
  void for_each(Function visit) const {
    for (const auto& x : entries_)
      visit(x.type, x.messages, x.bytes);
  }

private:
  struct entry {
    command type;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t reported = 0; ///< Of `messages`.
  };

  entry& entry_of(command type) {
    for (auto& x : entries_)
      if (x.type == type)
        return x;
    return entries_.emplace_back(entry{type});
  }

  std::vector<entry> entries_;
};

} // namespace peerage::wire
