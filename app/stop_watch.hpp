// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace peerage {

/// While there is nothing to stop yet, SIGTERM, SIGINT and SIGHUP end the process at
/// once, with status 0. A SIGHUP that was ignored already, as by nohup, stays ignored.
void exit_on_stop_signals();

/// Blocks the signals that ask for a stop. Call it before any thread starts: threads
/// inherit it, so that only `stop_watch` gets them.
void block_stop_signals();

/// Waits for a reason to stop, and makes sure that a stop ends.
class stop_watch {
public:
  /// Gets the line about an end by force, from the thread that takes signals, and must
  /// not wait.
  using last_words = std::function<void(std::string_view)>;

  /// Starts the thread that takes SIGTERM, SIGINT and SIGHUP. A SIGHUP asks for a stop
  /// only if it comes because the terminal of the process is gone. A later SIGINT ends
  /// the process at once, with 130. After the first signal the process ends by force
  /// (status 1, one clear line) if this object still lives `limit` later; before `begin`,
  /// 2 s later, and with status 0.
  /// @throws std::system_error without a thread.
  stop_watch(std::chrono::milliseconds limit, last_words say);
  stop_watch(const stop_watch&) = delete;
  stop_watch& operator=(const stop_watch&) = delete;
  ~stop_watch();

  /// From now on there is something to stop in order. Returns false, and does nothing, if
  /// a signal has come already.
  bool begin();

  /// Notes the unexpected end of an actor. Any thread.
  void fail(std::string why);

  /// Notes the end of an actor that was told to end. Any thread.
  void note_end();

  /// Blocks until a signal asked for a stop or something failed. Calls `on_hangup`
  /// meanwhile, once for one or more SIGHUP that ask for none.
  void wait(const std::function<void()>& on_hangup);

  /// Whether a signal has asked for a stop already.
  bool stop_requested() const;

  /// Empty if the reason is a signal.
  std::string failure() const;

  /// The limit counts from now on, unless it counts from a signal already.
  void limit_stop();

  /// Blocks until `count` ends in all have been noted.
  void await_ends(std::size_t count);

private:
  void take_signals();
  void wake();
  [[noreturn]] void end_by_force(int status, std::string_view why) const;

  const std::chrono::milliseconds limit_;
  const last_words say_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::chrono::steady_clock::time_point> signalled_at_;
  bool hung_up_ = false; ///< SIGHUP has come, and `on_hangup` was not called since.
  std::string failure_;
  std::size_t ends_ = 0;
  std::optional<std::chrono::steady_clock::time_point> force_at_;
  bool begun_ = false;
  bool finished_ = false;
  std::thread thread_;
};

} // namespace peerage
