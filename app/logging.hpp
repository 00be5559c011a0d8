// SPDX-License-Identifier: MIT
#pragma once

#include "app/config.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace peerage {

class line_writer;

/// The file of --log-file cannot be opened.
struct log_file_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The log of this process: as long as this object lives, the lines of the actors go to
/// stderr or a file by the options, without ever waiting for it (see `line_writer`), and
/// with repeated lines merged (see `log_merger`): a line that stands for others ends with
/// "(one of N such lines)", and in JSON has their number as `count`, too.
class process_log {
public:
  /// @throws std::system_error without a thread, log_file_error without the file.
  explicit process_log(const run_options& options);
  process_log(const process_log&) = delete;
  process_log& operator=(const process_log&) = delete;
  ~process_log();

  /// Opens the file anew by its name: what had the name before was moved away. Without a
  /// file, does nothing. Returns at once.
  void reopen();

  /// Sets the level of all parts: "debug" and so on.
  static void set_level(const std::string& name);

  /// Writes the lines held back to be merged, and waits until all is written, at most
  /// `limit`. False if that was too short. Any thread.
  bool drain(std::chrono::milliseconds limit);

private:
  class sink;
  std::shared_ptr<sink> sink_;
  std::filesystem::path path_; ///< Empty: stderr.
};

} // namespace peerage
