// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace peerage::test {

/// An empty directory, gone with all that is in it at the end.
class temporary_directory {
public:
  /// @throws std::system_error if there cannot be one.
  explicit temporary_directory(
    const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    auto pattern = (parent / "peerage-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw std::system_error(errno, std::generic_category(), pattern);
    path_ = pattern;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored_error;
    std::filesystem::remove_all(path_, ignored_error);
  }

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace peerage::test
