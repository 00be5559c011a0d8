// SPDX-License-Identifier: MIT
#pragma once

#include "actors/storage/state_journal.hpp"

#include "actors/storage/disk.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The state that a node keeps over restarts (addresses, bans, scores …), one file each.
///
/// A file is one line "SHA256 peerage KIND VERSION BYTES" and that many bytes of JSON.
/// The checksum is that of everything behind it and its space (`tail -c +66 FILE |
/// sha256sum`).
///
/// Next to NAME there may be
///   NAME.new         a save that was cut short; worthless
///   NAME.previous    the save before the last one
///   NAME.journal     what has changed since; see state_journal.hpp
///   NAME.damaged-1…  set aside because it could not be read back
///   NAME.newer-1…    set aside because a later version of peerage wrote it
namespace peerage {

/// Saves in a way that survives the end of the process at any instant, and of the machine
/// (invariant I15): a complete file is always there as NAME or as NAME.previous, and the
/// last save is not touched until the new file is on the disk. The files are readable by
/// their owner alone. Blocks for as long as the disk needs.
/// @param kind    What the file holds: 1 to 32 of a-z and _.
/// @param version Of the body's format, counts up from 1.
///
/// The body must include the changes of the journal; its "last_record" says up to which.
/// @returns an error, as a sentence for people; empty: success.
std::optional<std::string> save_state_file(disk& on, const std::filesystem::path& path,
                                           std::string_view kind, std::uint32_t version,
                                           const nlohmann::json& body);

/// The result of loading.
struct loaded_state {
  enum class outcome : std::uint8_t {
    loaded,        ///< All is well, or NAME was missing and NAME.previous was fine.
    missing,       ///< Nothing was ever saved here.
    damaged,       ///< NAME (or, if that was missing, NAME.previous) was not intact.
    newer_version, ///< It is intact, but of a format that we do not know yet.
    unreadable,    ///< The system refused to read it. It stays where it is.
  };

  outcome result = outcome::missing;
  /// Set whenever an intact save was found, even if the previous one.
  std::optional<nlohmann::json> body;
  std::uint32_t version = 0; ///< Of the body; at most the supported one.
  /// The changes since the body was saved (all changes, if there is no body), in order.
  std::vector<nlohmann::json> changes;
  std::uint64_t last_record = 0; ///< The number of the last known change.
  bool from_previous = false;    ///< The body is that of NAME.previous.
  /// Sentences for people that name the files and the way out; empty if NAME was loaded.
  std::string report;
};

/// Like `load_state_file`, and logs the report.
loaded_state load_and_report(disk& on, const std::filesystem::path& path,
                             std::string_view kind, std::uint32_t supported);

/// Loads what `save_state_file` saved. Never throws over contents, and never loses them:
/// an unusable file is renamed, not deleted. Only one process may use a file.
/// @param supported The latest version of the body's format that the caller knows.
loaded_state load_state_file(disk& on, const std::filesystem::path& path,
                             std::string_view kind, std::uint32_t supported);

} // namespace peerage
