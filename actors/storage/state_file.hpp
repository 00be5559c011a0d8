#pragma once

#include "actors/storage/state_journal.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a node remembers over restarts (addresses, bans, scores …), one file each.
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
/// (invariant I15): a complete file is always there as NAME or as NAME.previous, and what
/// was saved last before is not touched until the new file is on the disk. The files are
/// readable by us alone. Blocks for as long as the disk needs.
/// @param kind    What the file holds: 1 to 32 of a-z and _.
/// @param version Of the body's format, counts up from 1.
///
/// What its journal has is taken to be in the body, whose "last_record" says so.
/// @returns what went wrong, as a sentence for people; nothing if all is well.
std::optional<std::string> save_state_file(const std::filesystem::path& path,
                                           std::string_view kind, std::uint32_t version,
                                           const nlohmann::json& body);

/// What loading found out.
struct loaded_state {
  enum class outcome : std::uint8_t {
    loaded,        ///< All is well, or NAME was missing and NAME.previous was fine.
    missing,       ///< Nothing was ever saved here.
    damaged,       ///< NAME (or, if that was missing, NAME.previous) was not intact.
    newer_version, ///< It is intact, but of a format that we do not know yet.
    unreadable,    ///< The system did not let us read it. It stays where it is.
  };

  outcome result = outcome::missing;
  /// Set whenever something intact was found, if need be the previous save.
  std::optional<nlohmann::json> body;
  std::uint32_t version = 0; ///< Of the body; at most the supported one.
  /// What has changed since the body was saved (or since ever, if there is none), in
  /// order.
  std::vector<nlohmann::json> changes;
  std::uint64_t last_record = 0; ///< The number of the last change that is known.
  bool from_previous = false;    ///< The body is that of NAME.previous.
  /// Sentences for people that name the files and the way out; empty if NAME was loaded.
  std::string report;
};

/// Loads what `save_state_file` saved, and tells people what is worth telling.
loaded_state load_and_report(const std::filesystem::path& path, std::string_view kind,
                             std::uint32_t supported);

/// Loads what `save_state_file` saved. Never throws over what it reads, and never loses
/// it: what it cannot use is renamed, not deleted. Only one process may use a file.
/// @param supported The latest version of the body's format that the caller knows.
loaded_state load_state_file(const std::filesystem::path& path, std::string_view kind,
                             std::uint32_t supported);

} // namespace peerage
