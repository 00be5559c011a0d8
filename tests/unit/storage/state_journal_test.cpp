// SPDX-License-Identifier: MIT
#include "actors/storage/checksum.hpp"
#include "actors/storage/state_file.hpp"
#include "actors/storage/state_journal.hpp"
#include "actors/storage/system_disk.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <random>

/// A state file with its journal: what was answered as kept is there, whatever happens.
using namespace peerage;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

struct journal_fixture {
  std::optional<std::string> append(std::uint64_t number, json what,
                                    std::uint32_t version = 1) {
    return append_to_journal(*system_disk(), path, "bans", version,
                             {{number, std::move(what)}});
  }
  /// A save that includes all up to a number.
  void save(std::uint64_t last_record) {
    REQUIRE_FALSE(
      save_state_file(*system_disk(), path, "bans", 1, {{"last_record", last_record}}));
  }
  loaded_state load() { return load_state_file(*system_disk(), path, "bans", 1); }
  std::vector<json> changes() { return load().changes; }

  static std::string read(const fs::path& x) {
    std::ifstream in(x, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put(const fs::path& x, std::string_view bytes) {
    std::ofstream(x, std::ios::binary) << bytes;
  }

  using list = std::vector<json>;
  test::temporary_directory owned;
  fs::path directory = owned.path();
  fs::path path = directory / "bans";
  fs::path journal = directory / "bans.journal";
};

} // namespace

TEST_CASE_FIXTURE(journal_fixture, "the journal's format is as documented") {
  append(7, {{"a", 1}});
  CHECK(read(journal) ==
        sha256_hex(R"({"kind":"bans","number":7,"record":{"a":1},"version":1})") + " " +
          R"({"kind":"bans","number":7,"record":{"a":1},"version":1})" + "\n");
}

TEST_CASE_FIXTURE(journal_fixture,
                  "what is kept is there before, between and after saves") {
  CHECK_FALSE(append(1, "a"));
  CHECK(changes() == list{"a"}); // nothing was ever saved
  CHECK(load().result == loaded_state::outcome::loaded);
  CHECK(load().report.empty());
  CHECK_FALSE(append_to_journal(*system_disk(), path, "bans", 1, {{2, "b"}, {3, "c"}}));
  CHECK(changes() == list{"a", "b", "c"});
  CHECK(load().last_record == 3);
  save(3);
  CHECK(changes().empty());
  CHECK(load().last_record == 3);
  CHECK_FALSE(append(4, "d"));
  CHECK(changes() == list{"d"});
  // With the save before it there are all changes since.
  fs::remove(path);
  CHECK(changes() == list{"a", "b", "c", "d"});
  save(4);
  save(4);
  CHECK_FALSE(append(5, "e"));
  put(path, "nonsense");
  CHECK(changes() == list{"e"});
}

TEST_CASE_FIXTURE(journal_fixture,
                  "a crash at any step of a save loses nothing, and repeats nothing") {
  append(1, "a");
  save(1);
  append(2, "b");
  const auto before = read(journal);
  save(2);
  SUBCASE("the journal was not retired yet") {
    put(journal, before);
    CHECK(changes().empty());
    append(3, "c");
    CHECK(changes() == list{"c"});
  }
  SUBCASE("nor was the new file in its place") {
    put(journal, before);
    fs::remove(path);
    CHECK(changes() == list{"b"});
  }
}

TEST_CASE_FIXTURE(journal_fixture,
                  "a record that was cut short is dropped, whatever its length") {
  append(1, "first");
  append(2, "second");
  const auto whole = read(journal);
  const auto first = whole.find('\n') + 1;
  for (std::size_t size = first; size < whole.size(); ++size) {
    put(journal, std::string_view(whole).substr(0, size));
    auto loaded = load();
    CHECK(loaded.changes == list{"first"});
    CHECK(loaded.report.empty());
    CHECK_FALSE(append(3, "third"));
    CHECK(changes() == list{"first", "third"});
  }
  CHECK(std::distance(fs::directory_iterator(directory), {}) == 1); // nothing set aside
}

TEST_CASE_FIXTURE(
  journal_fixture,
  "a damaged journal is set aside and reported; what is intact in it stays") {
  for (int i = 1; i <= 3; ++i)
    append(static_cast<std::uint64_t>(i), i);
  const auto whole = read(journal);
  std::mt19937 random{1};
  std::size_t found = 0;
  for (std::size_t place :
       {std::size_t{3}, std::size_t{70}, whole.size() / 2, whole.size() - 3}) {
    auto bytes = whole;
    bytes[place] = static_cast<char>(bytes[place] ^ 1);
    put(journal, bytes);
    auto loaded = load();
    CHECK(loaded.changes.size() == 2);
    const auto aside = directory / ("bans.journal.damaged-" + std::to_string(++found));
    CHECK(read(aside) == bytes);
    CHECK(loaded.report.find(aside.string()) != std::string::npos);
    CHECK(loaded.result != loaded_state::outcome::missing); // a warning
    auto again = load();                                    // said once, lost never
    CHECK(again.changes == loaded.changes);
    CHECK(again.report.empty());
    CHECK_FALSE(append(9, "more"));
    CHECK(changes().size() == 3);
    fs::remove(journal);
  }
  append(1, "of a later version", 2);
  append(2, "known");
  CHECK(changes() == list{"known"});
  CHECK(fs::exists(directory / "bans.journal.newer-1"));
  fs::remove(journal);
  fs::create_directory(journal);
  CHECK(load().report.find("is no file") != std::string::npos);
  CHECK_FALSE(append(3, "x"));
}

TEST_CASE_FIXTURE(journal_fixture,
                  "what could not be written is an error, and does not come back") {
  append(1, "a");
  SUBCASE("a full disk") {
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    auto limited = before;
    limited.rlim_cur = fs::file_size(journal) + 100; // half a record
    auto* handler = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limited);
    const auto error = append(2, std::string(200, 'x'));
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    REQUIRE(error);
    CHECK(error->find(journal.string()) != std::string::npos);
  }
  SUBCASE("no directory") {
    const auto elsewhere = directory / "missing" / "bans";
    CHECK(append_to_journal(*system_disk(), elsewhere, "bans", 1, {{2, "b"}}));
  }
  CHECK(changes() == list{"a"});
  CHECK_FALSE(append(2, "c"));
  CHECK(changes() == list{"a", "c"});
}
