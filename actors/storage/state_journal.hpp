// SPDX-License-Identifier: MIT
#pragma once

#include "actors/storage/disk.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The changes since a state file was saved, so that a small change is on the disk
/// without writing all of a large state.
///
/// The journal of NAME is NAME.journal, a line for each record: "SHA256 JSON", with the
/// checksum of the JSON, which is
///
///     {"kind": "standing", "version": 1, "number": 7, "record": {…}}
///
/// Numbers never start over; "last_record" in the state file is the last one that it
/// includes, so a journal may outlive the save that made it needless. Such a journal
/// becomes NAME.journal.previous, and goes with NAME.previous.
namespace peerage {

struct journal_record {
  std::uint64_t number = 0;
  nlohmann::json what;

  friend bool operator==(const journal_record&, const journal_record&) = default;
};

/// Appends records to the journal of the state file `path`: all of them are on the disk
/// when this returns, or none will be read back (see the result). Blocks for as long as
/// the disk needs.
/// @returns an error, as a sentence for people; empty: success.
std::optional<std::string> append_to_journal(disk& on, const std::filesystem::path& path,
                                             std::string_view kind, std::uint32_t version,
                                             const std::vector<journal_record>& records);

/// After a save that includes all of the journal: the next record begins a new one.
std::optional<std::string> retire_journal(disk& on, const std::filesystem::path& path);

struct loaded_journal {
  std::vector<journal_record> records; ///< By number, each of them once.
  /// Sentences for people; empty if all is well. A last line that was cut short is no
  /// fault: the process was killed while it wrote, and never answered that the record is
  /// kept.
  std::string report;
};

/// Reads the records behind number `after` that are to be added to NAME, or to
/// NAME.previous (`with_previous`). A damaged journal is copied aside and reported; its
/// intact records are used, and stay.
loaded_journal load_journal(disk& on, const std::filesystem::path& path,
                            std::string_view kind, std::uint32_t supported,
                            std::uint64_t after, bool with_previous);

} // namespace peerage
