// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_entry.hpp"
#include "actors/base/keyed_hash.hpp"
#include "actors/storage/disk.hpp"

#include "messages/network_names.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

/// The address table as JSON, the body of the file "addresses.json":
///
///     {"secret": "<32 hex digits>",
///      "addresses": [{"network": "ipv4", "address": "01020304", "port": 8333,
///                     "time": 1700000000, "services": 9, "source": "5.6.7.8:8333",
///                     "last_attempt": 0, "last_success": 0, "failures": 0,
///                     "tried": false}, …]}
///
/// An address is the bytes of BIP 155 in hex; "source" is missing if there was none. A
/// record of the journal is such an object, too, of an address that was added or has
/// changed.
namespace peerage {
/// What an address table keeps over restarts.
struct saved_addresses {
  /// Without it the entries are good, but find other slots, and some find none.
  std::optional<hash_secret> secret;
  std::vector<address_entry> entries;
  std::size_t unreadable = 0; ///< Entries left out, as they could not be understood.
  std::vector<address_entry> changed; ///< By the journal, in order.
  std::uint64_t last_record = 0;      ///< See loaded_state.
};

inline constexpr std::string_view saved_addresses_kind = "addresses";
inline constexpr std::uint32_t saved_addresses_version = 1;

nlohmann::json to_json(const hash_secret& secret,
                       const std::vector<address_entry>& entries);

/// Reads as much as it can. Takes any JSON, and never throws.
saved_addresses saved_addresses_from(const nlohmann::json& body);

/// Loads the file with its journal, and logs faults; empty if there is no file.
saved_addresses load_saved_addresses(disk& on, const std::filesystem::path& path);

} // namespace peerage
