// SPDX-License-Identifier: MIT
#include "actors/storage/system_disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace peerage {

namespace fs = std::filesystem;

namespace {

using problem = disk::problem;
using contents = disk::contents;

/// Closes a file when it goes out of scope.
class open_file {
public:
  open_file(const fs::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { close(); }

  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  /// False, with errno, if the system reports a failure of earlier writes.
  bool close() {
    auto closing = std::exchange(descriptor_, -1);
    return closing < 0 || ::close(closing) == 0;
  }

private:
  int descriptor_;
};

/// False, with errno, if not all could be written.
bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// False, with errno, if not all could be read.
bool read_all(int file, off_t from, std::string& bytes) {
  std::size_t size = 0;
  while (size < bytes.size()) {
    auto got = ::pread(file, bytes.data() + size, bytes.size() - size,
                       from + static_cast<off_t>(size));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return false;
    if (got == 0)
      break; // became shorter: the checksum will show it
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return true;
}

contents unreadable() {
  contents result;
  result.result = contents::outcome::unreadable;
  result.why = "cannot be read (" + std::generic_category().message(errno) + ")";
  return result;
}

contents other(contents::outcome what, std::string why) {
  contents result;
  result.result = what;
  result.why = std::move(why);
  return result;
}

class posix_disk : public disk {
public:
  contents read(const fs::path& path, std::size_t last) override {
    using found_as = contents::outcome;
    // O_NONBLOCK: the path may be a pipe.
    open_file file{path, O_RDONLY | O_NONBLOCK};
    if (!file && errno == ENOENT)
      return other(found_as::missing, "is missing");
    struct stat status;
    if (!file || ::fstat(file.get(), &status) != 0)
      return unreadable();
    if (!S_ISREG(status.st_mode))
      return other(found_as::unfit, "is no file");
    if (static_cast<std::uintmax_t>(status.st_size) > max_file_size)
      return other(found_as::unfit, "is larger than 64 MiB");
    contents result;
    result.size = static_cast<std::size_t>(status.st_size);
    result.bytes.resize(std::min(last, result.size));
    if (!read_all(file.get(), static_cast<off_t>(result.size - result.bytes.size()),
                  result.bytes))
      return unreadable();
    return result;
  }

  bool exists(const fs::path& path) override {
    struct stat unused;
    return ::lstat(path.c_str(), &unused) == 0;
  }

  problem create(const fs::path& path, std::string_view bytes) override {
    open_file file{path, O_WRONLY | O_CREAT | O_EXCL};
    if (!file)
      return cannot("create", path, errno);
    if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 || !file.close())
      return cannot("write", path, errno);
    return std::nullopt;
  }

  problem append(const fs::path& path, std::string_view bytes) override {
    open_file file{path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK};
    if (!file)
      return cannot("open", path, errno);
    // fdatasync: beside the content only the size changes, and it syncs that, too.
    if (!write_all(file.get(), bytes) || ::fdatasync(file.get()) != 0)
      return cannot("write", path, errno);
    return std::nullopt;
  }

  problem truncate(const fs::path& path, std::size_t size) override {
    if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0)
      return cannot("truncate", path, errno);
    return std::nullopt;
  }

  problem rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return cannot("rename", from, errno);
    return std::nullopt;
  }

  problem link(const fs::path& from, const fs::path& to) override {
    if (::link(from.c_str(), to.c_str()) != 0)
      return cannot("rename", from, errno);
    return std::nullopt;
  }

  problem remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return cannot("remove", path, errno);
    return std::nullopt;
  }

  problem sync_directory_of(const fs::path& path) override {
    auto directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
    open_file file{directory, O_RDONLY | O_DIRECTORY};
    // Some file systems keep directories safe by themselves and have no fsync for them.
    if (!file || (::fsync(file.get()) != 0 && errno != EINVAL && errno != ENOTSUP))
      return cannot("write the directory", directory, errno);
    return std::nullopt;
  }
};

} // namespace

std::shared_ptr<disk> system_disk() {
  static const auto result = std::make_shared<posix_disk>();
  return result;
}

} // namespace peerage
