// SPDX-License-Identifier: MIT
#pragma once

#include "messages/endpoint.hpp"
#include "messages/host_name.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// The peers that a person has added, with `addnode` or --add-peer, by their texts: as in
/// Bitcoin Core, an entry is listed and removed by its text, and a second text for the
/// same address is refused.
class added_peers {
public:
  struct entry {
    std::string text; ///< "ADDR" or "ADDR:PORT", as given.
    /// Empty for a host name, and while the text names no endpoint on this machine: the
    /// interface of a link-local address may be missing.
    std::optional<endpoint> remote;
    bool lasting = false; ///< Kept for the next start, unless it is removed.
    std::optional<host_name> name{};
  };

  /// False if an entry has this text or address already; that entry stays as it is.
  bool add(entry x);

  /// The removed entry.
  std::optional<entry> remove(std::string_view text);

  bool contains(const endpoint& remote) const;

  /// In the order they were added.
  const std::vector<entry>& entries() const { return entries_; }

private:
  std::vector<entry> entries_;
};

} // namespace peerage
