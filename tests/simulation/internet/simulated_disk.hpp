// SPDX-License-Identifier: MIT
#pragma once

#include "actors/storage/disk.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace peerage::test {

/// A disk in memory that fails as it is told, and that loses with a power failure what a
/// file system may lose. The same calls with the same seeds give the same disk.
///
/// Directories are there without being made. Names are unique within a directory; a file
/// stays in its own. For one thread only.
class simulated_disk : public disk {
public:
  /// @param seed Of how much of a failed or interrupted write is done all the same.
  explicit simulated_disk(std::uint64_t seed) : random_(seed) {}

  contents read(const std::filesystem::path& path,
                std::size_t last = max_file_size) override;
  bool exists(const std::filesystem::path& path) override;
  problem create(const std::filesystem::path& path, std::string_view bytes) override;
  problem append(const std::filesystem::path& path, std::string_view bytes) override;
  problem truncate(const std::filesystem::path& path, std::size_t size) override;
  problem rename(const std::filesystem::path& from,
                 const std::filesystem::path& to) override;
  problem link(const std::filesystem::path& from,
               const std::filesystem::path& to) override;
  problem remove(const std::filesystem::path& path) override;
  problem sync_directory_of(const std::filesystem::path& path) override;

  // -- faults; "a write" is any operation but `read` and `exists` ---------------------

  /// No content can be added: some of what is to be written is.
  void set_full(bool x) { full_ = x; }
  /// No write is done.
  void set_read_only(bool x) { read_only_ = x; }
  /// The n-th write from now fails, once, with an I/O error; 1 is the next.
  void fail_write(std::size_t n) { fails_in_ = n; }

  // -- ends ----------------------------------------------------------------------------

  /// The process dies in the n-th write from now, which may be done all the same, or in
  /// part. From then on everything fails: a dead process gets no answer.
  void crash_at(std::size_t n) { dies_in_ = n; }
  bool is_dead() const { return dead_; }

  /// For the next process after kill -9: the system lives, so all that was written is
  /// there.
  void remount();

  /// A power failure, and the machine is up again. What was not synced is there, there in
  /// part, or not there:
  /// - of changed content, the old one, the new one, or a beginning of the new one, with
  ///   zeros for bytes that did not reach the disk;
  /// - of names, either what an ordered journal of the first so many changes leaves, or
  ///   any of the changes, those of one name in their order.
  /// @returns how many files have such zeros now.
  std::size_t crash(std::uint64_t seed);

  // -- to look at, and to set up -------------------------------------------------------

  /// Writes until now, failed ones included.
  std::size_t writes() const { return writes_; }
  /// All files as they are read now.
  std::map<std::filesystem::path, std::string> files() const;
  /// Has a file like this: done by somebody else, or by decay. All names in its directory
  /// are on the disk then.
  void put(const std::filesystem::path& path, std::string bytes);

  /// How long a write takes that a `delayed_saver` is asked for.
  void set_latency(std::chrono::nanoseconds x) { latency_ = x; }
  std::chrono::nanoseconds latency() const { return latency_; }

private:
  struct file {
    std::string bytes;
    std::string synced; ///< What is left of them for sure.
  };
  using file_ptr = std::shared_ptr<file>;
  using names = std::map<std::string, file_ptr>;

  /// A file loses a name, gets one, or both at once.
  struct change {
    file_ptr what;
    std::string loses; ///< Empty: none.
    std::string gets;
  };
  struct directory {
    names now;
    names synced;
    std::vector<change> unsynced; ///< From `synced` to `now`.
  };

  /// What becomes of a write.
  struct verdict {
    int error = 0;       ///< As in errno.
    bool done = true;    ///< Names are changed.
    bool in_part = true; ///< Else there is no new content at all.
  };

  directory& directory_of(const std::filesystem::path& path);
  file_ptr find(const std::filesystem::path& path);
  verdict next_write();
  /// Adds the bytes to the end, some of them if there is an error.
  int add(file& to, std::string_view bytes, verdict how);
  problem change_names(const std::filesystem::path& path, change x, verdict how,
                       std::string_view doing);
  static void apply(names& to, const change& x);
  static std::vector<change> surviving(const directory& x, std::mt19937_64& random);
  static bool lose_content(file& x, std::mt19937_64& random);

  std::mt19937_64 random_;
  std::map<std::filesystem::path, directory> directories_;
  std::size_t writes_ = 0;
  std::optional<std::size_t> fails_in_;
  std::optional<std::size_t> dies_in_;
  bool full_ = false;
  bool read_only_ = false;
  bool dead_ = false;
  std::chrono::nanoseconds latency_{0};
};

} // namespace peerage::test
