// SPDX-License-Identifier: MIT
#include "app/stop_watch.hpp"

#include "app/signal_source.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

namespace peerage {

namespace {

/// Wakes our own thread, so that it looks at what has changed.
constexpr int wake_signal = SIGUSR1;

/// The signals that ask for a stop. SIGINT counts even if ignored: scripts start
/// background jobs so, and may still send it. An ignored SIGHUP stays ignored: that is
/// nohup's purpose.
std::vector<int> stop_signals() {
  std::vector<int> result{SIGTERM, SIGINT};
  if (!is_ignored(SIGHUP))
    result.push_back(SIGHUP);
  return result;
}

sigset_t awaited_signals() {
  sigset_t result;
  sigemptyset(&result);
  for (auto x : stop_signals())
    sigaddset(&result, x);
  sigaddset(&result, wake_signal);
  return result;
}

/// Waits for a signal, or until `deadline` if there is one; then the result is negative.
int next_signal(const sigset_t& signals,
                std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (!deadline)
    return sigwaitinfo(&signals, nullptr);
  using namespace std::chrono;
  auto left = duration_cast<nanoseconds>(*deadline - steady_clock::now());
  left = std::max(left, nanoseconds{0});
  timespec timeout{duration_cast<seconds>(left).count(), (left % seconds{1}).count()};
  return sigtimedwait(&signals, nullptr, &timeout);
}

/// A second Ctrl-C within this time is an echo of the first: `timeout` and others send a
/// signal to the process and to its group as well.
constexpr std::chrono::milliseconds echo{250};

/// A thread that wakes this late was not running (SIGSTOP, a machine that slept), and
/// neither were the actors that have to end: they get that time back.
constexpr std::chrono::milliseconds stall{500};

/// While a stop has a deadline, the thread looks up so often: the process may be
/// suspended at any moment of it, not only beyond the deadline.
constexpr std::chrono::milliseconds look_up{250};

/// Which of the descriptors 0 to 2 are terminals.
std::array<bool, 3> terminals() {
  return {::isatty(0) == 1, ::isatty(1) == 1, ::isatty(2) == 1};
}

/// For a start that hangs, say in opening a file, after a signal.
constexpr std::chrono::milliseconds start_patience{2000};

} // namespace

void exit_on_stop_signals() {
  for (auto x : stop_signals())
    ::signal(x, [](int) { _exit(0); });
}

void block_stop_signals() {
  auto signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

stop_watch::stop_watch(std::chrono::milliseconds limit, last_words say)
    : limit_(limit), say_(std::move(say)), thread_([this] { take_signals(); }) {}

stop_watch::~stop_watch() {
  {
    std::lock_guard guard{mutex_};
    finished_ = true;
  }
  wake();
  thread_.join();
}

void stop_watch::take_signals() {
  const auto signals = awaited_signals();
  const auto terminals_before = terminals();
  std::unique_lock guard{mutex_};
  while (!finished_) {
    auto wake_at = force_at_;
    if (wake_at)
      wake_at = std::min(*wake_at, std::chrono::steady_clock::now() + look_up);
    guard.unlock();
    auto signal = next_signal(signals, wake_at);
    guard.lock();
    if (finished_)
      return;
    auto now = std::chrono::steady_clock::now();
    if (wake_at && force_at_ && now - *wake_at > stall)
      *force_at_ += now - *wake_at;
    if (force_at_ && now >= *force_at_) {
      if (!begun_)
        end_by_force(0, "told to stop while the start hangs; ended by force");
      end_by_force(
        1, "the stop took too long; ended by force, and what has changed since the "
           "last save may be lost");
    }
    if (signal == SIGINT && signalled_at_ && now - *signalled_at_ > echo)
      end_by_force(130, "interrupted again; ended at once");
    // A terminal that is gone is none any more.
    const bool is_hangup = signal == SIGHUP && terminals() == terminals_before;
    if (is_hangup) {
      hung_up_ = true;
      changed_.notify_all();
    }
    if (!signalled_at_ && !is_hangup &&
        (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)) {
      signalled_at_ = now;
      force_at_ = now + (begun_ ? limit_ : start_patience);
      changed_.notify_all();
    }
  }
}

void stop_watch::end_by_force(int status, std::string_view why) const {
  say_(why);
  std::_Exit(status);
}

bool stop_watch::begin() {
  std::lock_guard guard{mutex_};
  begun_ = !signalled_at_;
  return begun_;
}

void stop_watch::wake() {
  pthread_kill(thread_.native_handle(), wake_signal);
}

void stop_watch::fail(std::string why) {
  std::lock_guard guard{mutex_};
  if (failure_.empty())
    failure_ = std::move(why);
  changed_.notify_all();
}

void stop_watch::note_end() {
  std::lock_guard guard{mutex_};
  ++ends_;
  changed_.notify_all();
}

void stop_watch::wait(const std::function<void()>& on_hangup) {
  std::unique_lock guard{mutex_};
  for (;;) {
    changed_.wait(guard,
                  [this] { return signalled_at_ || !failure_.empty() || hung_up_; });
    if (signalled_at_ || !failure_.empty())
      return;
    hung_up_ = false;
    guard.unlock();
    on_hangup();
    guard.lock();
  }
}

bool stop_watch::stop_requested() const {
  std::lock_guard guard{mutex_};
  return signalled_at_.has_value();
}

std::string stop_watch::failure() const {
  std::lock_guard guard{mutex_};
  return failure_;
}

void stop_watch::limit_stop() {
  {
    std::lock_guard guard{mutex_};
    if (!force_at_)
      force_at_ = std::chrono::steady_clock::now() + limit_;
  }
  wake();
}

void stop_watch::await_ends(std::size_t count) {
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [&] { return ends_ >= count; });
}

} // namespace peerage
