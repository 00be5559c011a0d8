// SPDX-License-Identifier: MIT
#pragma once

#include "app/config.hpp"

#include <chrono>
#include <memory>

namespace peerage {

class line_writer;

/// The log of this process: as long as this object lives, spdlog's default logger writes
/// to stderr by the options, without ever waiting for it (see `line_writer`), and with
/// repeated lines merged (see `log_merger`): a line that stands for others ends with
/// "(one of N such lines)", and in JSON has their number as `count`, too.
class process_log {
public:
  /// @throws std::system_error without a thread.
  explicit process_log(const run_options& options);
  process_log(const process_log&) = delete;
  process_log& operator=(const process_log&) = delete;
  ~process_log();

  /// Writes the lines held back to be merged, and waits until all is written, at most
  /// `limit`. False if that was too short. Any thread.
  bool drain(std::chrono::milliseconds limit);

private:
  class sink;
  std::shared_ptr<sink> sink_;
};

} // namespace peerage
