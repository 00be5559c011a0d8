// SPDX-License-Identifier: MIT
#include "actors/storage/state_journal.hpp"

#include "actors/base/log.hpp"
#include "actors/storage/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <tuple>
#include <utility>

namespace peerage {

namespace fs = std::filesystem;

namespace {

using disk::beside;
using disk::cannot;
using disk::problem;

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
  return disk::sha256_hex(text) + " " + text + "\n";
}

enum class line_state { intact, damaged, newer };

line_state read_line(std::string_view line, std::string_view kind,
                     std::uint32_t supported, journal_record& out) {
  if (line.size() <= disk::digest_length || line[disk::digest_length] != ' ')
    return line_state::damaged;
  const auto text = line.substr(disk::digest_length + 1);
  if (line.substr(0, disk::digest_length) != disk::sha256_hex(text))
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
problem replace_with(const fs::path& journal, std::string_view lines) {
  const auto fresh = beside(journal, ".new");
  ::unlink(fresh.c_str());
  if (auto error = disk::write_file(fresh, lines))
    return error;
  if (::rename(fresh.c_str(), journal.c_str()) != 0)
    return cannot("rename", fresh);
  return disk::sync_directory_of(journal);
}

/// Deals with a journal that cannot be used as it is; returns a sentence about it.
std::string put_right(const fs::path& journal, const std::string& why, bool newer,
                      const reading& found, bool is_file) {
  auto sentence = journal.string() + " " + why;
  fs::path where;
  if (auto error =
        disk::set_aside(journal, newer ? ".newer-" : ".damaged-", where, is_file))
    return sentence + "; it could not be set aside (" + *error +
           "): move it away by hand. ";
  sentence += "; it was set aside as " + where.string();
  if (!is_file)
    return sentence + ". ";
  sentence += ", and the " + std::to_string(found.records.size()) +
              " changes in it that are intact are used. ";
  if (auto error = replace_with(journal, found.intact))
    sentence += "They may be lost with the next crash: " + *error + ". ";
  return sentence;
}

void load_one(const fs::path& journal, std::string_view kind, std::uint32_t supported,
              loaded_journal& to) {
  using file_state = disk::contents::outcome;
  const auto file = disk::read_file(journal);
  if (file.result == file_state::missing)
    return;
  if (file.result == file_state::unreadable) {
    to.report += journal.string() + " " + file.why +
                 "; it was left as it is: check its owner, mode and disk. ";
    return;
  }
  if (file.result == file_state::unfit) {
    to.report += put_right(journal, file.why, false, {}, false);
    return;
  }
  auto found = read_lines(file.bytes, kind, supported);
  if (found.damaged || found.newer) {
    to.report += put_right(journal,
                           found.damaged ? "has lines that do not match their checksum"
                                         : "has lines of a later peerage",
                           !found.damaged, found, true);
  } else if (found.cut_short) {
    log::info("{} ends in the middle of a record, as after a crash while it was written",
              journal.string());
    // Else the next record would stand on the same line.
    std::ignore = ::truncate(journal.c_str(), static_cast<off_t>(found.intact.size()));
  }
  std::ranges::move(found.records, std::back_inserter(to.records));
}

/// Whether the file ends with a whole line.
bool ends_well(int file, off_t size) {
  char last = '\n';
  return size == 0 || (::pread(file, &last, 1, size - 1) == 1 && last == '\n');
}

} // namespace

problem append_to_journal(const fs::path& path, std::string_view kind,
                          std::uint32_t version,
                          const std::vector<journal_record>& records) {
  const auto journal = beside(path, suffix);
  auto failed = [](const std::string& why) {
    return "cannot save: " + why + "; what was saved before is kept";
  };
  disk::open_file file{journal, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK};
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0)
    return failed(cannot("open", journal));
  if (!S_ISREG(status.st_mode))
    return failed(journal.string() + " is no file");
  std::string lines = ends_well(file.get(), status.st_size) ? "" : "\n";
  for (const auto& record : records)
    lines += line_of(kind, version, record);
  if (static_cast<std::size_t>(status.st_size) + lines.size() > disk::max_file_size)
    return failed(journal.string() + " would be larger than 64 MiB");
  // fdatasync: beside the content only the size changes, and it syncs that, too.
  if (!disk::write_all(file.get(), lines) || ::fdatasync(file.get()) != 0) {
    const auto why = cannot("write", journal);
    // The answer will be an error, so these records must not come back.
    std::ignore = ::ftruncate(file.get(), status.st_size);
    return failed(why);
  }
  if (status.st_size == 0)
    if (auto error = disk::sync_directory_of(journal)) {
      std::ignore = ::ftruncate(file.get(), 0); // the next save has to try this again
      return failed(*error);
    }
  return std::nullopt;
}

problem retire_journal(const fs::path& path) {
  const auto journal = beside(path, suffix);
  fs::path where;
  if (::access(journal.c_str(), R_OK) != 0 && errno != ENOENT) // its contents are unknown
    return disk::set_aside(journal, ".damaged-", where);
  if (::rename(journal.c_str(), beside(journal, ".previous").c_str()) != 0 &&
      errno != ENOENT)
    return cannot("rename", journal);
  return std::nullopt;
}

loaded_journal load_journal(const fs::path& path, std::string_view kind,
                            std::uint32_t supported, std::uint64_t after,
                            bool with_previous) {
  loaded_journal result;
  const auto journal = beside(path, suffix);
  ::unlink(beside(journal, ".new").c_str()); // a repair that was cut short
  if (with_previous)
    load_one(beside(journal, ".previous"), kind, supported, result);
  load_one(journal, kind, supported, result);
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
