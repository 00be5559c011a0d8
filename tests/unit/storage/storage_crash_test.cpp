// SPDX-License-Identifier: MIT
#include "actors/storage/state_file.hpp"
#include "actors/storage/state_journal.hpp"
#include "tests/simulation/internet/simulated_disk.hpp"
#include "tests/support/sanitized.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

/// I15 on a disk that loses with a power failure what a file system may lose: processes
/// that save and keep records, one after the other, each ended in the middle of it.
using namespace peerage;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

using values = std::vector<std::uint64_t>;

bool includes(const values& all, const values& some) {
  return std::ranges::includes(all, some);
}

/// What all histories came through.
struct counts {
  std::size_t saves = 0;
  std::size_t records = 0;
  std::size_t errors = 0;
  std::size_t kills = 0;
  std::size_t power_failures = 0;
  std::size_t torn = 0; ///< Starts with files that a power failure left with zeros.
  std::size_t decayed = 0;
  std::size_t from_previous = 0;
};

/// The life of one state file. Its state is a list of values that only grows; each is a
/// record of its own, too.
class file_history {
public:
  file_history(std::uint64_t seed, counts& found)
      : found_(found), random_(seed), disk_(seed) {}

  void run() {
    for (int process = 0; process < 6; ++process) {
      disk_.crash_at(1 + random_() % 40);
      work();
      end();
      while (!start())
        end();
    }
  }

private:
  bool one_of(std::uint64_t n) { return random_() % n == 0; }

  /// Until death, or a quiet hour.
  void work() {
    for (int step = 0; step < 30 && !disk_.is_dead(); ++step) {
      if (one_of(8))
        have_a_fault();
      if (behind_ || one_of(3))
        save();
      else
        keep(1 + random_() % 3);
    }
    disk_.set_full(false);
    disk_.set_read_only(false);
  }

  void have_a_fault() {
    switch (random_() % 5) {
    case 0: return disk_.set_full(true);
    case 1: return disk_.set_read_only(true);
    case 2: return disk_.fail_write(1 + random_() % 8);
    default: disk_.set_full(false); disk_.set_read_only(false);
    }
  }

  void save() {
    const auto problem = save_state_file(
      disk_, path_, "bans", 1, {{"last_record", last_record_}, {"values", state_}});
    note(problem);
    if (!problem)
      ++found_.saves;
    behind_ = problem.has_value();
  }

  void keep(std::size_t count) {
    std::vector<journal_record> records;
    for (std::size_t i = 0; i < count; ++i) {
      state_.push_back(++last_value_);
      records.push_back({++last_record_, last_value_});
    }
    const auto problem = append_to_journal(disk_, path_, "bans", 1, records);
    note(problem);
    if (!problem)
      found_.records += count;
    behind_ = problem.has_value();
  }

  /// Without an error, all of the state is kept from now on.
  void note(const std::optional<std::string>& problem) {
    if (!problem)
      kept_ = state_;
    else
      CHECK(problem->find(path_.parent_path().string()) != problem->npos);
    if (problem)
      ++found_.errors;
    CHECK((!disk_.is_dead() || problem));
  }

  void end() {
    if (one_of(3)) {
      ++found_.kills;
      disk_.remount();
    } else {
      ++found_.power_failures;
      torn_ = disk_.crash(random_()) > 0 || torn_;
    }
    if (one_of(8))
      decay();
  }

  /// Flips a bit of the state file.
  void decay() {
    auto bytes = disk_.read(path_).bytes;
    if (bytes.empty())
      return;
    auto& byte = bytes[random_() % bytes.size()];
    byte = static_cast<char>(byte ^ 1);
    disk_.put(path_, bytes);
    decayed_.insert(bytes);
    has_decayed_ = true;
  }

  /// False if this process dies over it.
  bool start() {
    const auto before = disk_.files();
    if (one_of(4))
      disk_.crash_at(1 + random_() % 5);
    const auto loaded = load_state_file(disk_, path_, "bans", 1);
    check_nothing_lost(before, disk_.files());
    if (disk_.is_dead())
      return false;
    const auto file = before.find(path_);
    check(loaded, file != before.end() && decayed_.contains(file->second));
    found_.torn += torn_ ? 1 : 0;
    found_.decayed += has_decayed_ ? 1 : 0;
    torn_ = false;
    has_decayed_ = false;
    return true;
  }

  void check(const loaded_state& loaded, bool damaged) {
    auto read = loaded.body ? loaded.body->at("values").get<values>() : values{};
    for (const auto& change : loaded.changes)
      read.push_back(change.get<std::uint64_t>());
    INFO("report: ", loaded.report, " kept: ", json(kept_).dump(),
         " asked for: ", json(state_).dump(), " read: ", json(read).dump());
    CHECK(std::ranges::is_sorted(read));
    CHECK(includes(state_, read));
    if (!has_decayed_)
      CHECK(includes(read, kept_));
    if (!torn_ && !has_decayed_)
      CHECK(std::equal(read.begin(), read.end(), state_.begin()));
    check_report(loaded, damaged, loaded.body || !read.empty());
    found_.from_previous += loaded.from_previous ? 1 : 0;
    std::erase_if(kept_, [&](auto x) { return !std::ranges::binary_search(read, x); });
    state_ = read;
    last_record_ = loaded.last_record;
    behind_ = false;
  }

  void check_report(const loaded_state& loaded, bool damaged, bool has_state) {
    using outcome = loaded_state::outcome;
    if (damaged)
      CHECK(loaded.result == outcome::damaged);
    else if (!torn_)
      CHECK(loaded.result == (has_state ? outcome::loaded : outcome::missing));
    if (loaded.result == outcome::loaded)
      CHECK(loaded.report.empty() == !loaded.from_previous);
    else
      CHECK(loaded.report.find(path_.string()) != loaded.report.npos);
  }

  /// All that was there is still there, under whatever name: but for saves and records
  /// that were cut short.
  static void check_nothing_lost(const std::map<fs::path, std::string>& before,
                                 const std::map<fs::path, std::string>& after) {
    for (const auto& file : before) {
      const auto& [path, bytes] = file;
      if (path.extension() == ".new")
        continue;
      const auto whole_lines = std::string_view(bytes).substr(0, bytes.rfind('\n') + 1);
      INFO(file.first.string());
      CHECK(std::ranges::any_of(after, [&](const auto& x) {
        return x.second == file.second || x.second == whole_lines;
      }));
    }
  }

  counts& found_;
  std::mt19937_64 random_;
  test::simulated_disk disk_;
  fs::path path_ = "/node/bans";
  values state_; ///< Of the process.
  values kept_;  ///< Of it, what was acknowledged.
  std::uint64_t last_value_ = 0;
  std::uint64_t last_record_ = 0;
  bool behind_ = false; ///< The journal lacks what the state has.
  bool torn_ = false;
  bool has_decayed_ = false;
  std::set<std::string> decayed_; ///< What state files were like then.
};

} // namespace

TEST_CASE("I15: what was acknowledged outlives kills and power failures") {
#ifdef PEERAGE_SANITIZED
  constexpr std::uint64_t histories = 250;
#else
  constexpr std::uint64_t histories = 1'000;
#endif
  counts found;
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    CAPTURE(seed);
    file_history{seed, found}.run();
  }
  MESSAGE(found.saves, " saves, ", found.records, " records, ", found.errors, " errors; ",
          found.kills, " kills, ", found.power_failures, " power failures, ", found.torn,
          " of them with torn files; ", found.decayed, " files decayed; ",
          found.from_previous, " starts with the save before");
  // Each of these was tried.
  CHECK(std::min({found.saves, found.records, found.errors, found.kills,
                  found.power_failures, found.torn, found.decayed, found.from_previous}) >
        histories / 20);
}

TEST_CASE("a record that was cut short spoils no other, though it cannot be cut off") {
  test::simulated_disk disk{1};
  const fs::path path = "/node/bans", journal = "/node/bans.journal";
  CHECK_FALSE(append_to_journal(disk, path, "bans", 1, {{1, "first"}}));
  const auto first = disk.read(journal).bytes;
  disk.put(journal, first + first.substr(0, 90));
  disk.set_read_only(true);
  CHECK(load_state_file(disk, path, "bans", 1).changes == std::vector<json>{"first"});
  disk.set_read_only(false);
  CHECK_FALSE(append_to_journal(disk, path, "bans", 1, {{2, "second"}}));
  CHECK(load_state_file(disk, path, "bans", 1).changes ==
        std::vector<json>{"first", "second"});
}

TEST_CASE("I15: a directory that cannot be synced at the start is reported, not fatal") {
  std::size_t reports = 0;
  for (std::size_t n = 1; n <= 5; ++n) {
    test::simulated_disk disk{1};
    const fs::path path = "/node/bans";
    REQUIRE_FALSE(append_to_journal(disk, path, "bans", 1, {{1, "first"}}));
    disk.fail_write(n);
    const auto loaded = load_state_file(disk, path, "bans", 1);
    CHECK(loaded.changes == std::vector<json>{"first"});
    CHECK(loaded.result == loaded_state::outcome::loaded);
    reports +=
      loaded.report.find("may not outlive a power failure: cannot write the "
                         "directory /node: Input/output error. ") != loaded.report.npos
        ? 1
        : 0;
  }
  CHECK(reports == 1);
}
