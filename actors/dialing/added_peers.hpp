#pragma once

#include "messages/endpoint.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// The peers that a person has added, with `addnode` or --add-peer, in the words that
/// were used: as in Bitcoin Core, an entry is listed and removed by its text, and two
/// texts that mean one address are one entry too many.
class added_peers {
public:
  struct entry {
    std::string text; ///< "ADDR" or "ADDR:PORT", as it was given.
    /// Nothing while the text means nothing on this machine: the interface of a
    /// link-local address may be missing.
    std::optional<endpoint> remote;
    bool lasting = false; ///< For the next start, too, unless it is removed.
  };

  /// False if the text or the address is there already; that entry stays as it is.
  bool add(entry x);

  /// What was removed.
  std::optional<entry> remove(std::string_view text);

  bool contains(const endpoint& remote) const;

  /// In the order they were added.
  const std::vector<entry>& entries() const { return entries_; }

private:
  std::vector<entry> entries_;
};

} // namespace peerage
