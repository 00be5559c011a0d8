// SPDX-License-Identifier: MIT
#include "actors/storage/system_disk.hpp"

#include "tests/simulation/internet/simulated_disk.hpp"
#include "tests/support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <random>
#include <vector>

/// What a power failure would take cannot be seen without one: instead, that the system
/// is told what to sync, and that the simulated disk, on which I15 is shown, does what
/// the system's disk does.
using namespace peerage;
namespace fs = std::filesystem;

namespace {

struct synced_file {
  fs::path path;
  std::uintmax_t size = 0; ///< 0 for a directory.
};
std::vector<synced_file> synced;

int note_and_sync(const char* call, int file) {
  const auto path = fs::read_symlink("/proc/self/fd/" + std::to_string(file));
  struct stat status {};
  ::fstat(file, &status);
  synced.push_back(
    {path, S_ISREG(status.st_mode) ? static_cast<std::uintmax_t>(status.st_size) : 0});
  return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, call))(file);
}

std::string read(const fs::path& x) {
  std::ifstream in(x, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

// In place of the C library's.
extern "C" int fsync(int file) {
  return note_and_sync("fsync", file);
}
extern "C" int fdatasync(int file) {
  return note_and_sync("fdatasync", file);
}

TEST_CASE("I15: the system is told to sync whatever the disk says is on it") {
  test::temporary_directory here;
  const auto path = here.path() / "file";
  auto& disk = *system_disk();
  synced.clear();

  CHECK_FALSE(disk.create(path, "one"));
  REQUIRE(synced.size() == 1);
  CHECK(synced.back().path == path);
  CHECK(synced.back().size == 3);

  CHECK_FALSE(disk.append(path, "two"));
  REQUIRE(synced.size() == 2);
  CHECK(synced.back().path == path);
  CHECK(synced.back().size == 6);

  CHECK_FALSE(disk.sync_directory_of(path));
  REQUIRE(synced.size() == 3);
  CHECK(synced.back().path == here.path());
}

TEST_CASE("a new file is its owner's alone") {
  test::temporary_directory here;
  auto mode_of = [](const fs::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
  };
  CHECK_FALSE(system_disk()->create(here.path() / "created", "x"));
  CHECK(mode_of(here.path() / "created") == 0600);
  CHECK_FALSE(system_disk()->append(here.path() / "appended", "x"));
  CHECK(mode_of(here.path() / "appended") == 0600);
}

namespace {

/// Does the same to both disks.
class pair_of_disks {
public:
  explicit pair_of_disks(std::uint64_t seed) : random_(seed), simulated_(seed) {}

  void step() {
    const auto path = any(), to = any();
    const std::string bytes(random_() % 20, static_cast<char>('a' + random_() % 26));
    const auto size = random_() % 10;
    const auto which = random_() % 10;
    CAPTURE(which);
    CAPTURE(path.string());
    CAPTURE(to.string());
    compare([&](disk& x) -> disk::problem {
      switch (which) {
      case 0: return x.create(path, bytes);
      case 1: return x.append(path, bytes);
      case 2: return x.truncate(path, size);
      case 3: return x.rename(path, to);
      case 4: return x.link(path, to);
      case 5: return x.remove(path);
      case 6: return x.sync_directory_of(path);
      case 7: return x.exists(path) ? "it is there" : "it is not";
      case 8: return describe(x.read(path, size));
      default: return set_aside(x, path, keep_);
      }
    });
    keep_ = random_() % 2 == 0;
  }

  void check_files() {
    std::map<fs::path, std::string> files;
    for (const auto& x : fs::directory_iterator(here_.path()))
      files[x.path()] = read(x.path());
    CHECK(files == simulated_.files());
  }

private:
  fs::path any() { return here_.path() / std::string(1, "abc"[random_() % 3]); }

  static std::string describe(const disk::contents& x) {
    return std::to_string(static_cast<int>(x.result)) + x.why + "/" + x.bytes + "/" +
           std::to_string(x.size);
  }

  static disk::problem set_aside(disk& x, const fs::path& path, bool keep) {
    fs::path where;
    const auto problem = x.set_aside(path, ".damaged-", where, keep);
    return problem ? *problem : where.string();
  }

  template <class Operation>
  void compare(Operation what) {
    CHECK(what(*system_disk()) == what(simulated_));
  }

  test::temporary_directory here_;
  std::mt19937_64 random_;
  test::simulated_disk simulated_;
  bool keep_ = false;
};

} // namespace

TEST_CASE("the simulated disk does what the system's disk does") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    pair_of_disks both{seed};
    for (int i = 0; i < 100; ++i)
      both.step();
    both.check_files();
  }
}
