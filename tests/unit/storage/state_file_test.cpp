// SPDX-License-Identifier: MIT
#include "actors/storage/state_file.hpp"
#include "actors/storage/system_disk.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <set>

using namespace peerage;
using nlohmann::json;
using outcome = loaded_state::outcome;
namespace fs = std::filesystem;

namespace {

/// In memory if there is such a place: a kill then meets the process between two system
/// calls more often than inside of one.
fs::path quick_place() {
  return access("/dev/shm", W_OK) == 0 ? fs::path{"/dev/shm"} : fs::temp_directory_path();
}

struct fixture {
  std::optional<std::string> save(const json& body, std::uint32_t version = 1) {
    return save_state_file(*system_disk(), path, "bans", version, body);
  }
  loaded_state load() { return load_state_file(*system_disk(), path, "bans", 2); }

  std::set<std::string> names() {
    std::set<std::string> result;
    for (const auto& x : fs::directory_iterator(directory))
      result.insert(x.path().filename());
    return result;
  }

  static std::string read(const fs::path& x) {
    std::ifstream in(x, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void put(const fs::path& x, std::string_view bytes) {
    std::ofstream(x, std::ios::binary) << bytes;
  }

  using set = std::set<std::string>;
  test::temporary_directory owned{quick_place()};
  fs::path directory = owned.path();
  fs::path path = directory / "bans";
  fs::path previous = directory / "bans.previous";
};

/// Every sentence names the file that it is about.
bool names_file(const std::string& text, const fs::path& path) {
  return text.find(path.string()) != text.npos;
}

/// While this lives, no file may grow beyond `bytes`: a disk that is full.
struct small_disk {
  explicit small_disk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before);
    auto limited = before;
    limited.rlim_cur = bytes;
    handler = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~small_disk() {
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }
  rlimit before{};
  void (*handler)(int);
};

/// The body of the n-th save: its size depends on n, so that mixed-up parts show.
json body_of(std::uint64_t n) {
  return {{"number", n}, {"filler", std::string((n * 7'919) % 20'000, 'x')}};
}

} // namespace

TEST_CASE_FIXTURE(fixture, "what is saved is loaded, whatever JSON it is") {
  for (const auto& body :
       {json{{"a", {1, 2.5, "x", nullptr}}}, json::array(), json::object(), json(nullptr),
        json("text\nwith\nlines"), json(std::string(100'000, 'y'))}) {
    CHECK_FALSE(save(body, 2));
    auto loaded = load();
    CHECK(loaded.result == outcome::loaded);
    CHECK(loaded.body == body);
    CHECK(loaded.version == 2);
    CHECK_FALSE(loaded.from_previous);
    CHECK(loaded.report.empty());
  }
  CHECK(names() == set{"bans", "bans.previous"});
  struct stat status;
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE_FIXTURE(fixture, "the format is as documented") {
  save({{"a", 1}}, 2);
  CHECK(read(path) == "97844f83c10d6b8c7929448878c9a663c77736eef984b8b574c8b9954faf0f18 "
                      "peerage bans 2 8\n{\"a\":1}\n");
}

TEST_CASE_FIXTURE(fixture, "text that is not UTF-8 spoils no save") {
  CHECK_FALSE(save("a\xff"
                   "b"));
  CHECK(load().body == "a\xef\xbf\xbd"
                       "b");
}

TEST_CASE_FIXTURE(fixture, "nothing saved yet") {
  auto loaded = load();
  CHECK(loaded.result == outcome::missing);
  CHECK_FALSE(loaded.body);
  CHECK(names_file(loaded.report, path));
  CHECK(names().empty());
}

TEST_CASE_FIXTURE(fixture, "an older version is loaded and named") {
  save({{"a", 1}}, 1);
  CHECK(load().result == outcome::loaded);
  CHECK(load().version == 1);
}

TEST_CASE_FIXTURE(fixture, "I15: a file cut short at any byte is set aside whole") {
  save({{"save", 1}});
  save({{"save", 2}});
  const auto good = read(path), older = read(previous);
  for (std::size_t size = 0; size < good.size(); ++size) {
    put(path, good.substr(0, size));
    auto loaded = load();
    CHECK(loaded.result == outcome::damaged);
    CHECK(loaded.from_previous);
    CHECK(loaded.body == json{{"save", 1}});
    CHECK(names_file(loaded.report, path));
    CHECK(names_file(loaded.report, directory / "bans.damaged-1"));
    CHECK(names_file(loaded.report, previous));
    CHECK(names() == set{"bans.damaged-1", "bans.previous"});
    CHECK(read(directory / "bans.damaged-1") == good.substr(0, size));
    CHECK(read(previous) == older);
    fs::remove(directory / "bans.damaged-1");
  }
  put(path, good + "x");
  CHECK(load().result == outcome::damaged);
}

TEST_CASE_FIXTURE(fixture, "I15: one flipped bit anywhere is noticed") {
  save({{"save", 1}});
  save({{"save", 2}}, 2);
  const auto good = read(path);
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    put(path, bad);
    auto loaded = load();
    CHECK(loaded.result == outcome::damaged);
    CHECK(loaded.body == json{{"save", 1}});
    CHECK(read(directory / "bans.damaged-1") == bad);
    fs::remove(directory / "bans.damaged-1");
  }
}

TEST_CASE_FIXTURE(fixture,
                  "I15: with both copies damaged, both are set aside, nothing is lost") {
  put(path, "junk");
  put(previous, "more junk");
  auto loaded = load();
  CHECK(loaded.result == outcome::damaged);
  CHECK_FALSE(loaded.body);
  CHECK(names_file(loaded.report, directory / "bans.damaged-1"));
  CHECK(names_file(loaded.report, directory / "bans.previous.damaged-1"));
  CHECK(names() == set{"bans.damaged-1", "bans.previous.damaged-1"});
  CHECK_FALSE(save(1));
  put(path, "junk again");
  CHECK(load().result == outcome::damaged);
  CHECK(read(directory / "bans.damaged-1") == "junk");
  CHECK(read(directory / "bans.damaged-2") == "junk again");
}

TEST_CASE_FIXTURE(fixture, "a file of another kind is not ours to use") {
  REQUIRE_FALSE(save_state_file(*system_disk(), path, "addresses", 1, {{"a", 1}}));
  auto loaded = load();
  CHECK(loaded.result == outcome::damaged);
  CHECK(loaded.report.find("holds addresses and not bans") != std::string::npos);
  for (auto kind : {"", "Bans", "a b", "../x", "an_overly_long_name_of_some_kind_x"}) {
    auto error = save_state_file(*system_disk(), path, kind, 1, 1);
    REQUIRE(error);
    CHECK(names_file(*error, path));
  }
  CHECK(names() == set{"bans.damaged-1"});
}

TEST_CASE_FIXTURE(fixture,
                  "a file of a later version is set aside, the one before it is used") {
  save({{"old", true}}, 2);
  save({{"new", true}}, 3);
  const auto later = read(path);
  auto loaded = load();
  CHECK(loaded.result == outcome::newer_version);
  CHECK(loaded.body == json{{"old", true}});
  CHECK(loaded.version == 2);
  CHECK(names() == set{"bans.newer-1", "bans.previous"});
  CHECK(read(directory / "bans.newer-1") == later);
  CHECK(names_file(loaded.report, directory / "bans.newer-1"));
  CHECK(loaded.report.find("later peerage") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "saving over what was never loaded loses nothing either") {
  save(1);
  save({{"later", true}}, 3);
  CHECK_FALSE(save(2, 2));
  CHECK(names() == set{"bans", "bans.newer-1", "bans.previous"});
  put(path, "junk");
  CHECK_FALSE(save(3));
  CHECK(names() == set{"bans", "bans.damaged-1", "bans.newer-1", "bans.previous"});
  CHECK(load().body == 3);
  // The junk did not push out the last good copy.
  fs::remove(path);
  CHECK(load().body == 1);
}

TEST_CASE_FIXTURE(fixture, "killed at each step of a save: the last one or the new one") {
  save(1);
  save(2);
  const auto first = read(previous), second = read(path);
  const auto fresh = directory / "bans.new";
  SUBCASE("inside the new file") {
    put(fresh, second.substr(0, 20));
  }
  SUBCASE("before the renames") {
    put(fresh, second);
  }
  SUBCASE("between the renames") {
    put(fresh, second);
    fs::rename(path, previous);
  }
  const bool had_name = fs::exists(path);
  auto loaded = load();
  CHECK(loaded.result == outcome::loaded);
  CHECK(loaded.body == 2);
  CHECK(loaded.from_previous == !had_name);
  CHECK(loaded.report.empty() == had_name);
  CHECK_FALSE(fs::exists(fresh));
  put(fresh, "left over");
  CHECK_FALSE(save(3));
  CHECK(load().body == 3);
  CHECK(names() == set{"bans", "bans.previous"});
}

TEST_CASE_FIXTURE(fixture, "a full disk costs nothing but the save") {
  save(1);
  const auto good = read(path);
  {
    small_disk full{5'000};
    auto error = save(std::string(10'000, 'x'));
    REQUIRE(error);
    CHECK(names_file(*error, directory / "bans.new"));
    CHECK(error->find("File too large") != std::string::npos);
  }
  CHECK(names() == set{"bans"});
  CHECK(read(path) == good);
  CHECK_FALSE(save(2));
}

TEST_CASE_FIXTURE(fixture, "a place where nothing can be is an error text, not an end") {
  put(directory / "file", "");
  for (const auto& place : {directory / "file" / "bans", directory / "none" / "bans"}) {
    auto error = save_state_file(*system_disk(), place, "bans", 1, 1);
    REQUIRE(error);
    CHECK(names_file(*error, place));
    auto loaded = load_state_file(*system_disk(), place, "bans", 1);
    CHECK_FALSE(loaded.body);
    CHECK(names_file(loaded.report, place));
  }
  CHECK(load_state_file(*system_disk(), directory / "file" / "bans", "bans", 1).result ==
        outcome::unreadable);
  CHECK(load_state_file(*system_disk(), directory / "none" / "bans", "bans", 1).result ==
        outcome::missing);
}

TEST_CASE_FIXTURE(fixture, "what is no file, or too large a one, is not read") {
  SUBCASE("a directory") {
    fs::create_directory(path);
  }
  SUBCASE("a pipe") {
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  }
  SUBCASE("65 MiB of nothing") {
    put(path, "");
    fs::resize_file(path, disk::max_file_size + 1);
  }
  auto loaded = load();
  CHECK(loaded.result == outcome::damaged);
  CHECK_FALSE(loaded.body);
  CHECK(names() == set{"bans.damaged-1"});
}

TEST_CASE_FIXTURE(fixture, "what could not be loaded again is not saved") {
  save(1);
  auto error = save(std::string(disk::max_file_size, 'x'));
  REQUIRE(error);
  CHECK(error->find("64 MiB") != std::string::npos);
  CHECK(names() == set{"bans"});
}

TEST_CASE_FIXTURE(fixture, "what cannot be set aside is reported and stays") {
  for (unsigned i = 1; i <= disk::max_files_set_aside; ++i)
    put(directory / ("bans.damaged-" + std::to_string(i)), "");
  put(path, "junk");
  auto loaded = load();
  CHECK(loaded.result == outcome::damaged);
  CHECK(loaded.report.find("could not be set aside") != std::string::npos);
  CHECK(read(path) == "junk");
  // Nor does a save wipe it out.
  auto error = save(1);
  REQUIRE(error);
  CHECK(error->find("could not be set aside") != std::string::npos);
  CHECK(read(path) == "junk");
  CHECK_FALSE(fs::exists(directory / "bans.new"));
  fs::remove(directory / "bans.damaged-50");
  CHECK_FALSE(save(1));
  CHECK(read(directory / "bans.damaged-50") == "junk");
}

TEST_CASE_FIXTURE(
  fixture, "I15: kill -9 at any instant leaves a save no older than the last one") {
#ifdef PEERAGE_SANITIZED
  constexpr int kills = 50; // a fork takes 30 ms there
#else
  constexpr int kills = 500;
#endif
  std::mt19937_64 random{1};
  std::uint64_t last = 0;
  std::size_t from_previous = 0, cut_short = 0;
  for (int round = 0; round < kills; ++round) {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (auto n = last + 1;; ++n) {
        if (save(body_of(n)))
          _exit(1);
        if (::write(pipe[1], &n, sizeof n) != sizeof n)
          _exit(1);
      }
    }
    close(pipe[1]);
    // Killed some steps after a save or a few were done.
    std::uint64_t n = 0;
    for (auto saves = random() % 3; saves > 0; --saves)
      REQUIRE(::read(pipe[0], &n, sizeof n) == sizeof n);
    for (auto spin = random() % 200'000; spin > 0; --spin)
      std::atomic_signal_fence(std::memory_order_seq_cst); // so that it takes time
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    while (::read(pipe[0], &n, sizeof n) == sizeof n)
      ;
    close(pipe[0]);
    last = std::max(last, n);

    cut_short += fs::exists(directory / "bans.new");
    auto loaded = load();
    REQUIRE((loaded.result == outcome::loaded || last == 0));
    if (!loaded.body)
      continue;
    auto number = loaded.body->at("number").get<std::uint64_t>();
    CHECK(number >= last);
    CHECK(*loaded.body == body_of(number));
    from_previous += loaded.from_previous;
    last = number;
  }
  MESSAGE("saves: ", last, ", killed inside of one: ", cut_short,
          ", between its renames: ", from_previous);
  WARN(cut_short > 0);
  CHECK(names().size() <= 2);
}
