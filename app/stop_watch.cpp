#include "app/stop_watch.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace peerage {

namespace {

/// Wakes our own thread, so that it looks at what has changed.
constexpr int wake_signal = SIGUSR1;

sigset_t stop_signals() {
  sigset_t result;
  sigemptyset(&result);
  for (auto x : {SIGTERM, SIGINT, SIGHUP, wake_signal})
    sigaddset(&result, x);
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

[[noreturn]] void end_by_force(int status, std::string_view why) {
  // Whoever should read stderr may be what holds us up: rather say nothing than wait.
  pollfd err{STDERR_FILENO, POLLOUT, 0};
  if (poll(&err, 1, 0) == 1 && (err.revents & POLLOUT) != 0)
    std::fprintf(stderr, "peerage: %.*s\n", static_cast<int>(why.size()), why.data());
  std::_Exit(status);
}

} // namespace

void block_stop_signals() {
  auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN); // whoever read our stdout may be gone
}

stop_watch::stop_watch() : thread_([this] { take_signals(); }) {}

stop_watch::~stop_watch() {
  {
    std::lock_guard guard{mutex_};
    finished_ = true;
  }
  wake();
  thread_.join();
}

void stop_watch::take_signals() {
  auto signals = stop_signals();
  std::unique_lock guard{mutex_};
  while (!finished_) {
    auto force_at = force_at_;
    guard.unlock();
    auto signal = next_signal(signals, force_at);
    guard.lock();
    if (finished_)
      return;
    auto now = std::chrono::steady_clock::now();
    if (force_at_ && now >= *force_at_)
      end_by_force(
        1, "the stop took too long; ended by force, and what has changed since the "
           "last save may be lost");
    if (signal == SIGINT && signalled_at_ && now - *signalled_at_ > echo)
      end_by_force(130, "interrupted again; ended at once");
    if (!signalled_at_ && (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)) {
      signalled_at_ = now;
      changed_.notify_all();
    }
  }
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

void stop_watch::wait() {
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [this] { return signalled_at_ || !failure_.empty(); });
}

bool stop_watch::stop_requested() const {
  std::lock_guard guard{mutex_};
  return signalled_at_.has_value();
}

std::string stop_watch::failure() const {
  std::lock_guard guard{mutex_};
  return failure_;
}

void stop_watch::limit_stop(std::chrono::milliseconds limit) {
  {
    std::lock_guard guard{mutex_};
    force_at_ = std::chrono::steady_clock::now() + limit;
  }
  wake();
}

void stop_watch::await_ends(std::size_t count) {
  std::unique_lock guard{mutex_};
  changed_.wait(guard, [&] { return ends_ >= count; });
}

} // namespace peerage
