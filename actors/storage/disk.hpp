// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace peerage {

/// What state files and journals need of a file system, and when what they do outlives a
/// power failure. Two things of a file are kept apart: its *content*, which `create` and
/// `append` have on the disk when they return, and its *name*, which is on the disk when
/// `sync_directory_of` has returned. Until then a name may be there after a failure or
/// not, and the name that a file had before may still be.
///
/// All of it is in force at once for all callers of this disk. Everything blocks for as
/// long as the disk needs. A file belongs to one process and one thread at a time.
class disk {
public:
  disk() = default;
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  virtual ~disk() = default;

  /// An error as a sentence for people without its end; empty: success.
  using problem = std::optional<std::string>;

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
    std::size_t size = 0; ///< Of the file, in bytes, if it was read.
  };

  /// Larger files are neither written nor read. Our largest state, 20,000 addresses,
  /// takes some 5 MB.
  static constexpr std::size_t max_file_size = std::size_t{64} << 20;

  /// Reads a file, or its last bytes only.
  /// @param last So many at most.
  virtual contents read(const std::filesystem::path& path,
                        std::size_t last = max_file_size) = 0;

  /// Whether a name is taken, be it by something that is no file.
  virtual bool exists(const std::filesystem::path& path) = 0;

  /// Makes a new file, readable by its owner alone. Its content is on the disk. After an
  /// error there may be a part of the file.
  /// @returns an error if the name is taken.
  virtual problem create(const std::filesystem::path& path, std::string_view bytes) = 0;

  /// Adds to the end of a file, and makes the file if there is none. All of its content
  /// is on the disk. After an error a part of `bytes` may be there: see `truncate`.
  virtual problem append(const std::filesystem::path& path, std::string_view bytes) = 0;

  /// Cuts a file to this many bytes; on the disk with the next `append`.
  virtual problem truncate(const std::filesystem::path& path, std::size_t size) = 0;

  /// Gives a file another name of the same directory in place of its own. What has that
  /// name already is replaced: there is no moment, also after a power failure, at which
  /// no file has the new name.
  virtual problem rename(const std::filesystem::path& from,
                         const std::filesystem::path& to) = 0;

  /// Gives a file a second name in the same directory: an error if it is taken.
  virtual problem link(const std::filesystem::path& from,
                       const std::filesystem::path& to) = 0;

  /// Removes a name. Success if there was none.
  virtual problem remove(const std::filesystem::path& path) = 0;

  /// Has on the disk which names there are beside `path`, and which files they name.
  virtual problem sync_directory_of(const std::filesystem::path& path) = 0;

  /// Files of one name that may be set aside. Beyond, a person has to tidy up: a file
  /// that was not understood is never overwritten.
  static constexpr unsigned max_files_set_aside = 100;

  /// Renames a file to NAME + `word` + N, N the first free number from 1.
  /// @param word  ".damaged-" or ".newer-".
  /// @param where Then the new name.
  /// @param keep  The file also stays where it is: both names are the one file.
  problem set_aside(const std::filesystem::path& path, std::string_view word,
                    std::filesystem::path& where, bool keep = false);
};

/// "NAME" and ".new" are "NAME.new".
std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix);

/// "cannot write /a/b: No space left on device".
/// @param error As in errno.
std::string cannot(std::string_view what, const std::filesystem::path& path, int error);

} // namespace peerage
