// SPDX-License-Identifier: MIT
#include "actors/storage/disk.hpp"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace peerage::disk {

namespace fs = std::filesystem;

static_assert(digest_length == 2 * SHA256_DIGEST_LENGTH);

// -- names and words --------------------------------------------------------------------

fs::path beside(const fs::path& path, std::string_view suffix) {
  auto result = path;
  result += suffix;
  return result;
}

std::string cannot(std::string_view what, const fs::path& path) {
  auto why = std::generic_category().message(errno);
  return "cannot " + std::string(what) + " " + path.string() + ": " + why;
}

// -- files ------------------------------------------------------------------------------

open_file::open_file(const fs::path& path, int flags)
    : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}

bool open_file::close() {
  auto closing = std::exchange(descriptor_, -1);
  return closing < 0 || ::close(closing) == 0;
}

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

problem write_file(const fs::path& path, std::string_view bytes) {
  open_file file{path, O_WRONLY | O_CREAT | O_EXCL};
  if (!file)
    return cannot("create", path);
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 || !file.close())
    return cannot("write", path);
  return std::nullopt;
}

problem sync_directory_of(const fs::path& path) {
  auto directory = path.has_parent_path() ? path.parent_path() : fs::path{"."};
  open_file file{directory, O_RDONLY | O_DIRECTORY};
  // Some file systems keep directories safe by themselves and have no fsync for them.
  if (!file || (::fsync(file.get()) != 0 && errno != EINVAL && errno != ENOTSUP))
    return cannot("write the directory", directory);
  return std::nullopt;
}

contents read_file(const fs::path& path) {
  using outcome = contents::outcome;
  auto unreadable = [] {
    return contents{outcome::unreadable,
                    "cannot be read (" + std::generic_category().message(errno) + ")",
                    {}};
  };
  // O_NONBLOCK: the path may be a pipe.
  open_file file{path, O_RDONLY | O_NONBLOCK};
  if (!file && errno == ENOENT)
    return {outcome::missing, "is missing", {}};
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0)
    return unreadable();
  if (!S_ISREG(status.st_mode))
    return {outcome::unfit, "is no file", {}};
  if (static_cast<std::uintmax_t>(status.st_size) > max_file_size)
    return {outcome::unfit, "is larger than 64 MiB", {}};
  contents result;
  auto& bytes = result.bytes;
  bytes.resize(static_cast<std::size_t>(status.st_size));
  std::size_t size = 0;
  while (size < bytes.size()) {
    auto got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return unreadable();
    if (got == 0)
      break; // became shorter: the checksum will show it
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return result;
}

problem set_aside(const fs::path& path, std::string_view word, fs::path& where,
                  bool keep) {
  for (unsigned i = 1; i <= max_files_set_aside; ++i) {
    where = beside(path, std::string(word) + std::to_string(i));
    struct stat unused;
    if (::lstat(where.c_str(), &unused) == 0)
      continue;
    if (keep ? ::link(path.c_str(), where.c_str()) != 0
             : ::rename(path.c_str(), where.c_str()) != 0)
      return cannot("rename", path);
    return std::nullopt;
  }
  return "there are " + std::to_string(max_files_set_aside) + " such files already";
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           digest.data());
  std::string result;
  for (auto byte : digest) {
    result += "0123456789abcdef"[byte >> 4];
    result += "0123456789abcdef"[byte & 15];
  }
  return result;
}

} // namespace peerage::disk
