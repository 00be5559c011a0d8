// SPDX-License-Identifier: MIT
#include "actors/storage/state_journal.hpp"

#include "actors/base/log.hpp"
#include "actors/storage/checksum.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace peerage {

namespace fs = std::filesystem;

namespace {

using problem = disk::problem;

constexpr std::string_view suffix = ".journal";

std::string line_of(std::string_view kind, std::uint32_t version,
                    const journal_record& x) {
  using handler = nlohmann::json::error_handler_t;
  const auto text = nlohmann::json{
    {"kind", kind},
    {"version", version},
    {"number", x.number},
    {"record",
     x.what}}.dump(-1, ' ', false, handler::replace);
  return sha256_hex(text) + " " + text + "\n";
}

enum class line_state { intact, damaged, newer };

line_state read_line(std::string_view line, std::string_view kind,
                     std::uint32_t supported, journal_record& out) {
  if (line.size() <= digest_length || line[digest_length] != ' ')
    return line_state::damaged;
  const auto text = line.substr(digest_length + 1);
  if (line.substr(0, digest_length) != sha256_hex(text))
    return line_state::damaged;
  auto read = nlohmann::json::parse(text, nullptr, false);
  auto is_number = [&](const char* name) {
    return read.contains(name) && read[name].is_number_unsigned();
  };
  if (!read.is_object() || !is_number("version") || !is_number("number") ||
      !read.contains("record") || read.value("kind", nlohmann::json{}) != kind)
    return line_state::damaged;
  if (read["version"].get<std::uint64_t>() > supported)
    return line_state::newer;
  out = {read["number"].get<std::uint64_t>(), std::move(read["record"])};
  return line_state::intact;
}

struct reading {
  std::vector<journal_record> records;
  std::string intact; ///< Their lines.
  bool damaged = false;
  bool newer = false;
  bool cut_short = false; ///< The last line has no end.
};

reading read_lines(std::string_view bytes, std::string_view kind,
                   std::uint32_t supported) {
  reading result;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (end == bytes.npos) {
      result.cut_short = true;
      break;
    }
    const auto line = bytes.substr(0, end);
    journal_record record;
    switch (read_line(line, kind, supported, record)) {
    case line_state::intact:
      result.records.push_back(std::move(record));
      result.intact += bytes.substr(0, end + 1);
      break;
    case line_state::newer: result.newer = true; break;
    case line_state::damaged: result.damaged = true; break;
    }
    bytes.remove_prefix(end + 1);
  }
  return result;
}

/// Leaves the intact lines alone in the file.
problem replace_with(disk& on, const fs::path& journal, std::string_view lines) {
  const auto fresh = beside(journal, ".new");
  std::ignore = on.remove(fresh);
  if (auto error = on.create(fresh, lines))
    return error;
  if (auto error = on.rename(fresh, journal))
    return error;
  return on.sync_directory_of(journal);
}

/// Deals with a journal that cannot be used as it is; returns a sentence about it.
std::string put_right(disk& on, const fs::path& journal, const std::string& why,
                      bool newer, const reading& found, bool is_file) {
  auto sentence = journal.string() + " " + why;
  fs::path where;
  if (auto error = on.set_aside(journal, newer ? ".newer-" : ".damaged-", where, is_file))
    return sentence + "; it could not be set aside (" + *error +
           "): move it away by hand. ";
  sentence += "; it was set aside as " + where.string();
  if (!is_file)
    return sentence + ". ";
  sentence += ", and the " + std::to_string(found.records.size()) +
              " changes in it that are intact are used. ";
  if (auto error = replace_with(on, journal, found.intact))
    sentence += "They may be lost with the next crash: " + *error + ". ";
  return sentence;
}

void load_one(disk& on, const fs::path& journal, std::string_view kind,
              std::uint32_t supported, loaded_journal& to) {
  using file_state = disk::contents::outcome;
  const auto file = on.read(journal);
  if (file.result == file_state::missing)
    return;
  if (file.result == file_state::unreadable) {
    to.report += journal.string() + " " + file.why +
                 "; it was left as it is: check its owner, mode and disk. ";
    return;
  }
  if (file.result == file_state::unfit) {
    to.report += put_right(on, journal, file.why, false, {}, false);
    return;
  }
  auto found = read_lines(file.bytes, kind, supported);
  if (found.damaged || found.newer) {
    to.report += put_right(on, journal,
                           found.damaged ? "has lines that do not match their checksum"
                                         : "has lines of a later peerage",
                           !found.damaged, found, true);
  } else if (found.cut_short) {
    log::info("{} ends in the middle of a record, as after a crash while it was written",
              journal.string());
    // Else the next record would stand on the same line.
    std::ignore = on.truncate(journal, found.intact.size());
  }
  std::ranges::move(found.records, std::back_inserter(to.records));
}

} // namespace

problem append_to_journal(disk& on, const fs::path& path, std::string_view kind,
                          std::uint32_t version,
                          const std::vector<journal_record>& records) {
  using file_state = disk::contents::outcome;
  const auto journal = beside(path, suffix);
  auto failed = [](const std::string& why) {
    return "cannot save: " + why + "; what was saved before is kept";
  };
  const auto end = on.read(journal, 1);
  if (end.result != file_state::read && end.result != file_state::missing)
    return failed(journal.string() + " " + end.why);
  std::string lines = end.bytes.empty() || end.bytes == "\n" ? "" : "\n";
  for (const auto& record : records)
    lines += line_of(kind, version, record);
  if (end.size + lines.size() > disk::max_file_size)
    return failed(journal.string() + " would be larger than 64 MiB");
  auto error = on.append(journal, lines);
  if (!error && end.size == 0)
    error = on.sync_directory_of(journal);
  if (!error)
    return std::nullopt;
  // The answer is an error, so these records must not come back; and an empty journal has
  // the next one try again what failed here.
  std::ignore = on.truncate(journal, end.size);
  return failed(*error);
}

problem retire_journal(disk& on, const fs::path& path) {
  using file_state = disk::contents::outcome;
  const auto journal = beside(path, suffix);
  fs::path where;
  switch (on.read(journal, 0).result) {
  case file_state::missing: return std::nullopt;
  case file_state::unreadable: // its contents are unknown
    return on.set_aside(journal, ".damaged-", where);
  case file_state::read:
  case file_state::unfit: break;
  }
  return on.rename(journal, beside(journal, ".previous"));
}

loaded_journal load_journal(disk& on, const fs::path& path, std::string_view kind,
                            std::uint32_t supported, std::uint64_t after,
                            bool with_previous) {
  loaded_journal result;
  const auto journal = beside(path, suffix);
  std::ignore = on.remove(beside(journal, ".new")); // a repair that was cut short
  if (with_previous)
    load_one(on, beside(journal, ".previous"), kind, supported, result);
  load_one(on, journal, kind, supported, result);
  auto& records = result.records;
  std::erase_if(records, [after](const auto& x) { return x.number <= after; });
  std::ranges::stable_sort(records, {}, &journal_record::number);
  records.erase(
    std::unique(records.begin(), records.end(),
                [](const auto& x, const auto& y) { return x.number == y.number; }),
    records.end());
  return result;
}

} // namespace peerage
