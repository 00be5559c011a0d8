#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace peerage {

/// Blocks the signals that ask us to stop. Before any thread starts: threads inherit it,
/// so that only `stop_watch` gets them.
void block_stop_signals();

/// Waits for a reason to stop, and sees to it that a stop ends.
class stop_watch {
public:
  /// Starts the thread that takes SIGTERM, SIGINT and SIGHUP. A later SIGINT ends the
  /// process at once, with 130.
  stop_watch();
  stop_watch(const stop_watch&) = delete;
  stop_watch& operator=(const stop_watch&) = delete;
  ~stop_watch();

  /// Notes that something that must not end has ended. Any thread.
  void fail(std::string why);

  /// Notes that one of those that are told to end has ended. Any thread.
  void note_end();

  /// Blocks until a signal came or something failed.
  void wait();

  /// Whether a signal has come already.
  bool stop_requested() const;

  /// Empty if it was a signal.
  std::string failure() const;

  /// From now on, the process ends by force (status 1, one clear line) if this object
  /// still lives after `limit`.
  void limit_stop(std::chrono::milliseconds limit);

  /// Blocks until `count` ends in all have been noted.
  void await_ends(std::size_t count);

private:
  void take_signals();
  void wake();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::chrono::steady_clock::time_point> signalled_at_;
  std::string failure_;
  std::size_t ends_ = 0;
  std::optional<std::chrono::steady_clock::time_point> force_at_;
  bool finished_ = false;
  std::thread thread_;
};

} // namespace peerage
