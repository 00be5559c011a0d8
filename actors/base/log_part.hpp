// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace peerage::log {

/// The parts of a node that people can turn up and down in the log: the folders of
/// actors/, and the messages on the wire.
enum class part : std::uint8_t {
  addresses,
  admission,
  bans,
  chain,
  dialing,
  events,
  messages, ///< Each message of each peer, at the level of traces.
  node,     ///< Also the executable.
  peer,
  peer_set,
  status,
  storage,
  transport,
};

inline constexpr std::array<std::string_view, 13> part_names{
  "addresses", "admission", "bans",     "chain",  "dialing", "events",   "messages",
  "node",      "peer",      "peer_set", "status", "storage", "transport"};

constexpr std::string_view to_string(part x) {
  return part_names[static_cast<std::size_t>(x)];
}

/// Reads what `to_string` writes.
constexpr std::optional<part> parse_part(std::string_view name) {
  for (std::size_t i = 0; i < part_names.size(); ++i)
    if (part_names[i] == name)
      return static_cast<part>(i);
  return std::nullopt;
}

/// The part whose folder a source file is in; `node` for files outside of actors/.
constexpr part part_of_file(std::string_view path) {
  constexpr std::string_view root = "actors/";
  const auto at = path.rfind(root);
  if (at == std::string_view::npos)
    return part::node;
  const auto folder = path.substr(at + root.size());
  return parse_part(folder.substr(0, folder.find('/'))).value_or(part::node);
}

} // namespace peerage::log
