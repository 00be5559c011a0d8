// SPDX-License-Identifier: MIT
#include "actors/storage/state_file.hpp"

#include "actors/base/log.hpp"
#include "actors/storage/checksum.hpp"
#include "actors/storage/state_journal.hpp"
#include "messages/checks/mutant.hpp"

#include <charconv>
#include <tuple>
#include <utility>

namespace peerage {

namespace fs = std::filesystem;

namespace {

using outcome = loaded_state::outcome;
using problem = disk::problem;

constexpr std::size_t max_kind_length = 32;

// -- the format -------------------------------------------------------------------------

bool is_kind(std::string_view x) {
  return !x.empty() && x.size() <= max_kind_length &&
         x.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == x.npos;
}

std::string encode(std::string_view kind, std::uint32_t version,
                   const nlohmann::json& body) {
  using handler = nlohmann::json::error_handler_t;
  auto text = body.dump(-1, ' ', false, handler::replace) + "\n";
  auto checked = "peerage " + std::string(kind) + " " + std::to_string(version) + " " +
                 std::to_string(text.size()) + "\n" + text;
  return sha256_hex(checked) + " " + checked;
}

/// A file as found.
struct finding {
  outcome result = outcome::loaded;
  std::string why; ///< Not intact: a sentence without its subject.
  std::uint32_t version = 0;
  nlohmann::json body;
};

finding damaged(std::string why) {
  return {outcome::damaged, std::move(why), 0, nullptr};
}

/// Takes the text in front of `end` off `rest`.
std::string_view take_until(std::string_view& rest, char end) {
  auto size = rest.find(end);
  auto result = rest.substr(0, size);
  rest.remove_prefix(size == rest.npos ? rest.size() : size + 1);
  return result;
}

finding decode(std::string_view file, std::string_view kind, std::uint32_t supported) {
  auto rest = file;
  auto digest = take_until(rest, ' ');
  if (digest.size() != digest_length)
    return damaged("does not begin like a file of peerage");
  if (digest != sha256_hex(rest))
    return damaged("does not match its checksum");
  auto line = take_until(rest, '\n');
  auto magic = take_until(line, ' ');
  auto held = take_until(line, ' ');
  auto version = take_until(line, ' ');
  finding result;
  auto [end, error] = std::from_chars(version.begin(), version.end(), result.version);
  if (magic != "peerage" || error != std::errc{} || end != version.end() ||
      line != std::to_string(rest.size()))
    return damaged("has a first line that peerage does not write");
  if (held != kind)
    return damaged("holds " + std::string(held) + " and not " + std::string(kind));
  if (result.version > supported) {
    result.result = outcome::newer_version;
    result.why = "has format " + std::string(version) +
                 " of a later peerage, and this one knows no later than " +
                 std::to_string(supported);
    return result;
  }
  result.body = nlohmann::json::parse(rest, nullptr, false);
  if (result.body.is_discarded())
    return damaged("is not JSON");
  return result;
}

finding examine(disk& on, const fs::path& path, std::string_view kind,
                std::uint32_t supported) {
  using contents = disk::contents;
  const auto file = on.read(path);
  switch (file.result) {
  case contents::outcome::read: return decode(file.bytes, kind, supported);
  case contents::outcome::missing: return {outcome::missing, file.why, 0, nullptr};
  case contents::outcome::unreadable: return {outcome::unreadable, file.why, 0, nullptr};
  case contents::outcome::unfit: break;
  }
  return damaged(file.why);
}

/// Renames an unusable file to "NAME.damaged-N" or "NAME.newer-N".
problem set_aside(disk& on, const fs::path& path, const finding& found, fs::path& where) {
  return on.set_aside(
    path, found.result == outcome::newer_version ? ".newer-" : ".damaged-", where);
}

/// Deals with an unusable file; returns a sentence about it.
std::string put_out_of_the_way(disk& on, const fs::path& path, const finding& found) {
  auto sentence = path.string() + " " + found.why;
  if (found.result == outcome::unreadable)
    return sentence + "; it was left as it is: check its owner, mode and disk. ";
  fs::path where;
  if (auto failure = set_aside(on, path, found, where))
    return sentence + "; it could not be set aside (" + *failure +
           "): move it away by hand. ";
  return sentence + "; it was set aside as " + where.string() +
         (found.result == outcome::newer_version
            ? ": to use it, run the later peerage and rename it back. "
            : ": delete it, or bring back a copy of your own. ");
}

/// Before a save: keeps an intact file as the previous one; anything else is set aside,
/// so that it pushes out no good copy.
problem make_way(disk& on, const fs::path& path, std::string_view kind,
                 std::uint32_t version) {
  auto found = examine(on, path, kind, version);
  fs::path where;
  if (found.result == outcome::missing)
    return std::nullopt;
  if (found.result != outcome::loaded) {
    if (auto failure = set_aside(on, path, found, where))
      return "the file there " + found.why + " and could not be set aside (" + *failure +
             ")";
    return std::nullopt;
  }
  return on.rename(path, beside(path, ".previous"));
}

void load_changes(disk& on, const fs::path& path, std::string_view kind,
                  std::uint32_t supported, loaded_state& to) {
  if (to.body && to.body->is_object())
    if (auto found = to.body->find("last_record");
        found != to.body->end() && found->is_number_unsigned())
      to.last_record = found->get<std::uint64_t>();
  auto journal =
    load_journal(on, path, kind, supported, to.last_record, !to.body || to.from_previous);
  to.report += journal.report;
  if (!journal.report.empty() && to.result == outcome::missing)
    to.result = outcome::damaged;
  for (auto& record : journal.records) {
    to.last_record = record.number;
    to.changes.push_back(std::move(record.what));
  }
}

} // namespace

std::optional<std::string> save_state_file(disk& on, const fs::path& path,
                                           std::string_view kind, std::uint32_t version,
                                           const nlohmann::json& body) {
  const auto fresh = beside(path, ".new");
  auto failed = [&](const std::string& why) {
    std::ignore = on.remove(fresh);
    return "cannot save " + path.string() + ": " + why +
           "; what was saved before is kept";
  };
  if (!is_kind(kind))
    return failed("a bug: \"" + std::string(kind) + "\" is no kind of file");
  const auto bytes = encode(kind, version, body);
  if (bytes.size() > disk::max_file_size)
    return failed("it would be larger than 64 MiB");
  if (is_on(mutant::state_written_in_place))
    return std::ignore = on.truncate(path, 0), on.append(path, bytes);
  // A save that was cut short. If this fails, making it does too.
  std::ignore = on.remove(fresh);
  if (auto error = on.create(fresh, bytes))
    return failed(*error);
  if (auto error = make_way(on, path, kind, version))
    return failed(*error);
  if (auto error = on.rename(fresh, path))
    return failed(*error);
  if (is_on(mutant::name_not_synced))
    return retire_journal(on, path);
  if (auto error = on.sync_directory_of(path))
    return path.string() + " was saved, but may not outlive a power failure: " + *error;
  if (auto error = retire_journal(on, path))
    return path.string() + " was saved, but not its journal: " + *error;
  return std::nullopt;
}

loaded_state load_state_file(disk& on, const fs::path& path, std::string_view kind,
                             std::uint32_t supported) {
  std::ignore = on.remove(beside(path, ".new")); // a save that was cut short
  loaded_state result;
  for (const auto& file : {path, beside(path, ".previous")}) {
    auto found = examine(on, file, kind, supported);
    if (found.result == outcome::loaded) {
      result.body = std::move(found.body);
      result.version = found.version;
      result.from_previous = file != path;
      break;
    }
    if (result.result == outcome::missing)
      result.result = found.result;
    if (found.result != outcome::missing && !is_on(mutant::damaged_file_ignored))
      result.report += put_out_of_the_way(on, file, found);
  }
  load_changes(on, path, kind, supported, result);
  const bool has_state = result.body || !result.changes.empty();
  // What is kept from now on builds on names that a process gave which was killed before
  // it had them on the disk.
  if (auto error = has_state ? on.sync_directory_of(path) : std::nullopt)
    result.report += path.string() + " may not outlive a power failure: " + *error + ". ";
  if (!has_state) {
    result.report += "Starting without saved " + std::string(kind) + ".";
    if (result.result == outcome::missing)
      result.report = path.string() + " does not exist yet. " + result.report;
  } else if (!result.body) {
    if (result.result != outcome::missing)
      result.report += "Using nothing but what has changed since that save.";
  } else if (result.from_previous) {
    const auto previous = beside(path, ".previous").string();
    if (result.result == outcome::missing)
      result.report += path.string() + " is missing, as after a crash while saving. ";
    result.report += "Using the save before it, " + previous +
                     "; to start without, delete that file, too.";
  }
  if (has_state && result.result == outcome::missing)
    result.result = outcome::loaded;
  return result;
}

loaded_state load_and_report(disk& on, const fs::path& path, std::string_view kind,
                             std::uint32_t supported) {
  auto result = load_state_file(on, path, kind, supported);
  if (!result.report.empty())
    log::write(log::always(result.result == loaded_state::outcome::missing
                             ? log::level::info
                             : log::level::warn),
               "{}", result.report);
  return result;
}

} // namespace peerage
