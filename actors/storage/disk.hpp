// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// Files that are on the disk when a function returns: what `state_file` and
/// `state_journal` share. Everything blocks for as long as the disk needs.
namespace peerage::disk {

/// An error as a sentence for people without its end; empty: success.
using problem = std::optional<std::string>;

/// "NAME" and ".new" are "NAME.new".
std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix);

/// "cannot write /a/b: No space left on device", from errno.
std::string cannot(std::string_view what, const std::filesystem::path& path);

/// Closes a file when it goes out of scope.
class open_file {
public:
  open_file(const std::filesystem::path& path, int flags);
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { close(); }

  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  /// False, with errno, if the system reports a failure of earlier writes.
  bool close();

private:
  int descriptor_;
};

/// False, with errno, if not all could be written.
bool write_all(int file, std::string_view bytes);

/// Makes a new file, readable by its owner alone. An error if the file exists.
problem write_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes files that were made or renamed beside `path` last: a name is on the disk only
/// when its directory is.
problem sync_directory_of(const std::filesystem::path& path);

/// A file as found.
struct contents {
  enum class outcome : std::uint8_t {
    read,
    missing,
    unreadable, ///< The system refuses to read it.
    unfit,      ///< No file, or one that is too large.
  };
  outcome result = outcome::read;
  std::string why; ///< Else: a sentence without its subject.
  std::string bytes;
};
contents read_file(const std::filesystem::path& path);

/// Larger files are neither written nor read. Our largest state, 20,000 addresses, takes
/// some 5 MB.
inline constexpr std::size_t max_file_size = std::size_t{64} << 20;

/// Files of one name that may be set aside. Beyond, a person has to tidy up: a file that
/// was not understood is never overwritten.
inline constexpr unsigned max_files_set_aside = 100;

/// Renames a file to NAME + `word` + N, N the first free number from 1.
/// @param word  ".damaged-" or ".newer-".
/// @param keep  The file also stays where it is: both names are the one file.
problem set_aside(const std::filesystem::path& path, std::string_view word,
                  std::filesystem::path& where, bool keep = false);

std::string sha256_hex(std::string_view bytes);

/// Of `sha256_hex`.
inline constexpr std::size_t digest_length = 64;

} // namespace peerage::disk
