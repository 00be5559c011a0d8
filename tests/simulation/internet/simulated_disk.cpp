// SPDX-License-Identifier: MIT
#include "tests/simulation/internet/simulated_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace peerage::test {

namespace fs = std::filesystem;

namespace {

/// From 0 to `most`; the same with every standard library.
std::size_t up_to(std::size_t most, std::mt19937_64& random) {
  return random() % (most + 1);
}

bool toss(std::mt19937_64& random) {
  return random() % 2 == 0;
}

/// Counts down to the one write that is meant.
bool is_now(std::optional<std::size_t>& left) {
  if (!left || --*left > 0)
    return false;
  left.reset();
  return true;
}

std::string name_of(const fs::path& path) {
  return path.filename().string();
}

} // namespace

// -- reading ----------------------------------------------------------------------------

simulated_disk::directory& simulated_disk::directory_of(const fs::path& path) {
  return directories_[path.parent_path()];
}

simulated_disk::file_ptr simulated_disk::find(const fs::path& path) {
  const auto& now = directory_of(path).now;
  const auto found = now.find(name_of(path));
  return found == now.end() ? nullptr : found->second;
}

disk::contents simulated_disk::read(const fs::path& path, std::size_t last) {
  contents result;
  const auto found = find(path);
  if (dead_) {
    result.result = contents::outcome::unreadable;
    result.why = "cannot be read (Input/output error)";
  } else if (!found) {
    result.result = contents::outcome::missing;
    result.why = "is missing";
  } else if (found->bytes.size() > max_file_size) {
    result.result = contents::outcome::unfit;
    result.why = "is larger than 64 MiB";
  } else {
    result.size = found->bytes.size();
    result.bytes = found->bytes.substr(result.size - std::min(last, result.size));
  }
  return result;
}

bool simulated_disk::exists(const fs::path& path) {
  return !dead_ && find(path);
}

// -- writing ----------------------------------------------------------------------------

simulated_disk::verdict simulated_disk::next_write() {
  if (dead_)
    return {EIO, false, false};
  ++writes_;
  dead_ = is_now(dies_in_);
  if (dead_)
    return {EIO, toss(random_), toss(random_)};
  if (is_now(fails_in_))
    return {EIO, false, toss(random_)};
  if (read_only_)
    return {EROFS, false, false};
  return {};
}

int simulated_disk::add(file& to, std::string_view bytes, verdict how) {
  if (how.error == 0 && full_)
    how.error = ENOSPC;
  to.bytes += how.error == 0 ? bytes : bytes.substr(0, up_to(bytes.size(), random_));
  if (how.error == 0)
    to.synced = to.bytes;
  return how.error;
}

disk::problem simulated_disk::create(const fs::path& path, std::string_view bytes) {
  const auto how = next_write();
  if (!how.in_part)
    return cannot("create", path, how.error);
  if (find(path))
    return cannot("create", path, EEXIST);
  auto made = std::make_shared<file>();
  change_names(path, {made, "", name_of(path)}, {}, "create");
  if (const auto error = add(*made, bytes, how))
    return cannot("write", path, error);
  return std::nullopt;
}

disk::problem simulated_disk::append(const fs::path& path, std::string_view bytes) {
  const auto how = next_write();
  if (!how.in_part)
    return cannot("open", path, how.error);
  auto found = find(path);
  if (!found) {
    found = std::make_shared<file>();
    change_names(path, {found, "", name_of(path)}, {}, "open");
  }
  if (const auto error = add(*found, bytes, how))
    return cannot("write", path, error);
  return std::nullopt;
}

disk::problem simulated_disk::truncate(const fs::path& path, std::size_t size) {
  const auto how = next_write();
  const auto found = find(path);
  if (found && how.done)
    found->bytes.resize(size);
  if (how.error != 0 || !found)
    return cannot("truncate", path, how.error != 0 ? how.error : ENOENT);
  return std::nullopt;
}

disk::problem simulated_disk::change_names(const fs::path& path, change x, verdict how,
                                           std::string_view doing) {
  if (how.done) {
    auto& in = directory_of(path);
    apply(in.now, x);
    in.unsynced.push_back(std::move(x));
  }
  if (how.error != 0)
    return cannot(doing, path, how.error);
  return std::nullopt;
}

disk::problem simulated_disk::rename(const fs::path& from, const fs::path& to) {
  const auto how = next_write();
  const auto found = find(from);
  if (how.error == 0 && from.parent_path() != to.parent_path())
    return cannot("rename", from, EXDEV);
  if (!found)
    return cannot("rename", from, how.error != 0 ? how.error : ENOENT);
  if (how.error == 0 && found == find(to)) // two names of one file both stay
    return std::nullopt;
  return change_names(from, {found, name_of(from), name_of(to)}, how, "rename");
}

disk::problem simulated_disk::link(const fs::path& from, const fs::path& to) {
  const auto how = next_write();
  const auto found = find(from);
  if (how.error == 0 && from.parent_path() != to.parent_path())
    return cannot("rename", from, EXDEV);
  if (how.error == 0 && found && find(to))
    return cannot("rename", from, EEXIST);
  if (!found)
    return cannot("rename", from, how.error != 0 ? how.error : ENOENT);
  return change_names(from, {found, "", name_of(to)}, how, "rename");
}

disk::problem simulated_disk::remove(const fs::path& path) {
  const auto how = next_write();
  const auto found = find(path);
  if (!found && (how.error == 0 || how.error == EROFS))
    return std::nullopt;
  if (!found)
    return cannot("remove", path, how.error);
  return change_names(path, {found, name_of(path), ""}, how, "remove");
}

disk::problem simulated_disk::sync_directory_of(const fs::path& path) {
  const auto how = next_write();
  if (how.error != 0 && how.error != EROFS)
    return cannot("write the directory", path.parent_path(), how.error);
  auto& here = directory_of(path);
  here.synced = here.now;
  here.unsynced.clear();
  return std::nullopt;
}

void simulated_disk::apply(names& to, const change& x) {
  if (const auto old = to.find(x.loses); old != to.end() && old->second == x.what)
    to.erase(old);
  if (!x.gets.empty())
    to[x.gets] = x.what;
}

// -- ends -------------------------------------------------------------------------------

void simulated_disk::remount() {
  dead_ = false;
  dies_in_.reset();
  fails_in_.reset();
}

std::vector<simulated_disk::change> simulated_disk::surviving(const directory& x,
                                                              std::mt19937_64& random) {
  auto result = x.unsynced;
  if (toss(random)) { // as in a journal of the file system
    result.resize(up_to(result.size(), random));
    return result;
  }
  std::set<std::string> lost; // Their later changes are lost, too.
  std::erase_if(result, [&](const change& y) {
    if (toss(random) && !lost.contains(y.loses) && !lost.contains(y.gets))
      return false;
    for (const auto& name : {y.loses, y.gets})
      if (!name.empty())
        lost.insert(name);
    return true;
  });
  return result;
}

bool simulated_disk::lose_content(file& x, std::mt19937_64& random) {
  if (x.bytes == x.synced)
    return false;
  bool torn = false;
  if (toss(random)) {
    const auto common = static_cast<std::size_t>(
      std::ranges::mismatch(x.bytes, x.synced).in1 - x.bytes.begin());
    const auto fresh = x.bytes.size() - common;
    x.bytes.resize(common + up_to(fresh, random));
    if (const auto kept = x.bytes.size() - common; kept > 1 && toss(random)) {
      const auto zeros = 1 + up_to(kept - 1, random);
      const auto from = common + up_to(kept - zeros, random);
      std::fill_n(x.bytes.begin() + static_cast<std::ptrdiff_t>(from), zeros, '\0');
      torn = true;
    }
  } else if (toss(random)) {
    x.bytes = x.synced;
  }
  x.synced = x.bytes;
  return torn;
}

std::size_t simulated_disk::crash(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::size_t torn = 0;
  for (auto& [path, here] : directories_) {
    for (const auto& x : surviving(here, random))
      apply(here.synced, x);
    here.unsynced.clear();
    here.now = here.synced;
    for (auto& [name, what] : here.now)
      torn += lose_content(*what, random) ? 1 : 0;
  }
  remount();
  return torn;
}

// -- to look at, and to set up ----------------------------------------------------------

std::map<fs::path, std::string> simulated_disk::files() const {
  std::map<fs::path, std::string> result;
  for (const auto& [path, here] : directories_)
    for (const auto& [name, what] : here.now)
      result[path / name] = what->bytes;
  return result;
}

void simulated_disk::put(const fs::path& path, std::string bytes) {
  auto& here = directory_of(path);
  auto made = std::make_shared<file>();
  made->synced = bytes;
  made->bytes = std::move(bytes);
  here.now[name_of(path)] = made;
  here.synced = here.now;
  here.unsynced.clear();
}

} // namespace peerage::test
