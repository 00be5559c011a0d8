// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"
#include "actors/storage/checksum.hpp"
#include "actors/storage/state_file.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <algorithm>
#include <map>

using namespace peerage;
using fuzz::fuzz_input;
using fuzz::require;

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kind = "bans";
constexpr std::uint32_t version = 2;
const fs::path state_name = "bans.json";

/// Files by name; two names of one file share its bytes. Everything works.
class memory_disk : public disk {
public:
  contents read(const fs::path& path, std::size_t last) override {
    contents result;
    const auto found = files.find(path.string());
    if (found == files.end()) {
      result.result = contents::outcome::missing;
      return result;
    }
    const auto& bytes = *found->second;
    result.size = bytes.size();
    result.bytes = bytes.substr(bytes.size() - std::min(last, bytes.size()));
    return result;
  }

  bool exists(const fs::path& path) override { return files.contains(path.string()); }

  problem create(const fs::path& path, std::string_view bytes) override {
    if (exists(path))
      return "the name is taken";
    files[path.string()] = std::make_shared<std::string>(bytes);
    return std::nullopt;
  }

  problem append(const fs::path& path, std::string_view bytes) override {
    auto& file = files[path.string()];
    if (!file)
      file = std::make_shared<std::string>();
    *file += bytes;
    return std::nullopt;
  }

  problem truncate(const fs::path& path, std::size_t size) override {
    files.at(path.string())->resize(size);
    return std::nullopt;
  }

  problem rename(const fs::path& from, const fs::path& to) override {
    auto file = files.extract(from.string());
    if (file.empty())
      return "there is no such file";
    files[to.string()] = file.mapped();
    return std::nullopt;
  }

  problem link(const fs::path& from, const fs::path& to) override {
    if (!exists(from) || exists(to))
      return "it cannot be linked";
    files[to.string()] = files.at(from.string());
    return std::nullopt;
  }

  problem remove(const fs::path& path) override {
    files.erase(path.string());
    return std::nullopt;
  }

  problem sync_directory_of(const fs::path&) override { return std::nullopt; }

  std::map<std::string, std::shared_ptr<std::string>> files;
};

std::string drawn_json(fuzz_input& in) {
  static constexpr std::string_view texts[] = {"{}",
                                               "[]",
                                               "null",
                                               R"({"last_record":3})",
                                               R"({"last_record":-1,"bans":[]})",
                                               R"({"last_record":18446744073709551615})"};
  return in.rarely(4) ? std::string(in.text(in.below(64))) : std::string(in.pick(texts));
}

std::string checked(const std::string& text) {
  return sha256_hex(text) + " " + text;
}

/// The whole of a state file, in each stage of being right.
std::string drawn_file(fuzz_input& in) {
  if (in.rarely(8))
    return std::string(in.text(in.below(200)));
  auto body = drawn_json(in) + "\n";
  const auto held = in.rarely(8) ? std::string("addresses") : std::string(kind);
  auto text = "peerage " + held + " " + std::to_string(in.below(version + 2)) + " " +
              std::to_string(body.size() + (in.rarely(16) ? 1 : 0)) + "\n" + body;
  if (in.rarely(16))
    text = std::string(in.text(in.below(64)));
  auto result = checked(text);
  if (in.rarely(16))
    result[in.below(std::min<std::size_t>(result.size(), 256))] ^= 1;
  return result;
}

std::string drawn_line(fuzz_input& in) {
  if (in.rarely(8))
    return std::string(in.text(in.below(100)));
  auto text = R"({"kind":")" + std::string(in.rarely(16) ? "dials" : kind) +
              R"(","version":)" + std::to_string(in.rarely(8) ? version + 1 : version) +
              R"(,"number":)" + std::to_string(in.below(8)) + R"(,"record":)" +
              drawn_json(in) + "}";
  if (in.rarely(16))
    text = std::string(in.text(in.below(64)));
  return checked(text);
}

std::string drawn_journal(fuzz_input& in) {
  std::string result;
  for (auto lines = in.below(5); lines > 0; --lines)
    result += drawn_line(in) + "\n";
  if (in.rarely(4))
    result += drawn_line(in); // cut short
  return result;
}

void add_files(fuzz_input& in, memory_disk& to) {
  auto add = [&](std::string_view suffix, const std::string& bytes) {
    to.files[state_name.string() + std::string(suffix)] =
      std::make_shared<std::string>(bytes);
  };
  if (!in.rarely(4))
    add("", drawn_file(in));
  if (in.coin())
    add(".previous", drawn_file(in));
  if (in.coin())
    add(".journal", drawn_journal(in));
  if (in.rarely(4))
    add(".journal.previous", drawn_journal(in));
  if (in.rarely(4))
    add(".new", drawn_file(in));
  if (in.rarely(4))
    add(".damaged-1", "one of an earlier time");
}

/// Every byte is still there, but those of a save that was never answered: of a file that
/// is not yet one, and of the last line of a journal that has no end.
void check_nothing_is_lost(const std::map<std::string, std::string>& before,
                           const memory_disk& after) {
  for (const auto& found : before) {
    const auto& path = found.first;
    const auto& bytes = found.second;
    if (path.ends_with(".new"))
      continue;
    const bool is_journal = path.find(".journal") != path.npos;
    const auto is_kept = std::ranges::any_of(after.files, [&](const auto& file) {
      const auto& kept = *file.second;
      return kept == bytes || (is_journal && bytes.starts_with(kept) &&
                               bytes.find('\n', kept.size()) == bytes.npos);
    });
    require(is_kept, "what was not understood is not lost");
  }
}

/// Whether the checksum in front is that of the rest.
bool is_whole(const std::string& file) {
  constexpr std::size_t digits = 64;
  return file.size() > digits && file == checked(file.substr(digits + 1));
}

bool are_same(const loaded_state& x, const loaded_state& y) {
  return x.body == y.body && x.version == y.version && x.changes == y.changes &&
         x.last_record == y.last_record && x.from_previous == y.from_previous;
}

} // namespace

/// First the files that a start finds, then what is saved.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  log::set_level(log::level::critical); // else most of the time goes into lines
  fuzz_input in{data, size};
  memory_disk files;
  add_files(in, files);
  std::map<std::string, std::string> before;
  for (const auto& [path, bytes] : files.files)
    before[path] = *bytes;

  const auto found = load_state_file(files, state_name, kind, version);
  check_nothing_is_lost(before, files);
  require(!found.body || found.version <= version, "a later format is not read");
  const auto previous = state_name.string() + ".previous";
  require(files.exists(state_name) == (found.body && !found.from_previous) &&
            (found.body || !files.exists(previous)),
          "what cannot be used is set aside");
  const auto source = found.from_previous ? previous : state_name.string();
  require(!found.body || is_whole(before.at(source)), "what is damaged is not read");
  require(found.result == loaded_state::outcome::loaded || !found.report.empty(),
          "what is wrong is said");
  require(are_same(load_state_file(files, state_name, kind, version), found),
          "the next start finds the same");

  // The numbers go on, whatever was found. They have an end that no node comes to.
  const auto last = std::min<std::uint64_t>(found.last_record, UINT64_MAX - 8);
  nlohmann::json body{{"last_record", last},
                      {"text", std::string(in.text(in.below(16)))}};
  require(!save_state_file(files, state_name, kind, version, body), "it can be saved");
  const auto saved = load_state_file(files, state_name, kind, version);
  require(saved.result == loaded_state::outcome::loaded && saved.report.empty() &&
            saved.changes.empty() && saved.last_record == last && saved.body,
          "what was saved is loaded");

  std::vector<nlohmann::json> changes;
  for (auto records = in.below(4); records > 0; --records) {
    changes.push_back(in.below(256));
    require(!append_to_journal(files, state_name, kind, version,
                               {{last + changes.size(), changes.back()}}),
            "a change can be added");
  }
  const auto changed = load_state_file(files, state_name, kind, version);
  require(changed.body == saved.body && changed.changes == changes &&
            changed.last_record == last + changes.size() && changed.report.empty(),
          "and is loaded");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result(32);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < result.size(); ++i)
    for (std::size_t size = 8 * (i + 1); size > 0; --size) {
      state = state * 1664525 + 1013904223;
      result[i].push_back(static_cast<std::uint8_t>(state >> 24));
    }
  return result;
}
