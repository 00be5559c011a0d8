// SPDX-License-Identifier: MIT
#include "app/line_writer.hpp"

#include "app/standard_streams.hpp"
#include "messages/checks/expects.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace peerage {

namespace {

/// How often a writer whose target has no room looks whether to go on in another one.
constexpr int look_milliseconds = 100;

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

} // namespace

struct line_writer::shared {
  shared(int to, target instead, std::function<std::string(std::size_t)> gap,
         std::size_t most)
      : gap_line(std::move(gap)), limit(most), other_target(std::move(instead)),
        descriptor(to) {}
  shared(const shared&) = delete;
  shared& operator=(const shared&) = delete;
  ~shared() {
    if (owns_descriptor)
      ::close(descriptor);
  }

  bool has_lines() const { return !waiting.empty() || dropped > 0; }
  void run();
  bool change_target();
  std::size_t write_all(std::string_view text);
  void write_next(const std::string& lines, std::size_t gap);
  bool tell_gap();
  ssize_t write_some(std::string_view text) const {
    return other_target ? other_target(text)
                        : ::write(descriptor, text.data(), text.size());
  }

  const std::function<std::string(std::size_t)> gap_line;
  const std::size_t limit;
  std::atomic<int> failure{0};

  std::mutex mutex;
  std::condition_variable changed;
  std::string waiting;     ///< Lines, in order.
  std::size_t dropped = 0; ///< After those.
  std::optional<time_point> call_at;
  std::function<void()> call;
  std::function<int()> next_target; ///< Opens it.
  bool busy = false;                ///< Lines are being written.
  bool finishing = false;

  // The thread's own.
  const target other_target; ///< If there is one, the descriptor is none.
  int descriptor;
  bool owns_descriptor = false;
  std::size_t untold = 0;   ///< Dropped lines not told of yet.
  bool within_line = false; ///< The last line was written in part.
};

void line_writer::shared::run() {
  std::string lines;
  std::unique_lock guard{mutex};
  for (;;) {
    auto is_due = [this] {
      return call_at && *call_at <= std::chrono::steady_clock::now();
    };
    while (!has_lines() && !is_due() && !next_target && !finishing) {
      if (call_at)
        changed.wait_until(guard, time_point{*call_at});
      else
        changed.wait(guard);
    }
    if (!has_lines() && finishing)
      return;
    busy = true;
    auto now = is_due() ? std::exchange(call, nullptr) : nullptr;
    if (now)
      call_at.reset();
    lines.clear();
    lines.swap(waiting);
    auto gap = std::exchange(dropped, 0);
    guard.unlock();
    if (now)
      now();
    change_target();
    write_next(lines, gap);
    guard.lock();
    busy = false;
    changed.notify_all();
  }
}

/// True if there is another one from now on.
bool line_writer::shared::change_target() {
  std::function<int()> open;
  {
    std::lock_guard guard{mutex};
    open = std::exchange(next_target, nullptr);
  }
  const int opened = open ? open() : -1;
  if (opened < 0)
    return false;
  if (owns_descriptor)
    ::close(descriptor);
  descriptor = opened;
  owns_descriptor = true;
  within_line = false;
  return true;
}

/// Writes all bytes; on failure, returns how many were written.
std::size_t line_writer::shared::write_all(std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    auto written = write_some(text.substr(done));
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN) { // ours, or another process has made it non-blocking
      pollfd room{descriptor, POLLOUT, 0};
      ::poll(&room, 1, look_milliseconds);
      if (change_target()) // with the whole line there
        done = done == 0 ? 0 : text.rfind('\n', done - 1) + 1;
    } else if (errno != EINTR) {
      failure = errno;
      break;
    }
  }
  return done;
}

/// Writes `lines`, and tells of lines dropped before them and, `gap` of them, after.
void line_writer::shared::write_next(const std::string& lines, std::size_t gap) {
  std::size_t done = 0;
  if (untold == 0 || tell_gap()) {
    done = write_all(lines);
    untold = lines_in(std::string_view(lines).substr(done));
  } else {
    untold += lines_in(lines);
  }
  if (done > 0)
    within_line = lines[done - 1] != '\n';
  untold += gap;
  if (gap > 0 && done == lines.size())
    tell_gap();
}

/// Whether the line about a gap could be written, on a line of its own.
bool line_writer::shared::tell_gap() {
  std::string line;
  try {
    line = (within_line ? "\n" : "") + gap_line(untold);
  } catch (...) { // no memory: later
    return false;
  }
  auto done = write_all(line);
  if (done > 0)
    within_line = line[done - 1] != '\n';
  if (done == line.size())
    untold = 0;
  return untold == 0;
}

line_writer::line_writer(int descriptor, std::function<std::string(std::size_t)> gap_line,
                         std::size_t limit)
    : shared_(std::make_shared<shared>(descriptor, nullptr, std::move(gap_line), limit)),
      thread_([x = shared_] { x->run(); }) {
  PEERAGE_EXPECTS(are_write_signals_ignored());
}

line_writer::line_writer(target to, std::function<std::string(std::size_t)> gap_line,
                         std::size_t limit)
    : shared_(std::make_shared<shared>(-1, std::move(to), std::move(gap_line), limit)),
      thread_([x = shared_] { x->run(); }) {
  PEERAGE_EXPECTS(are_write_signals_ignored());
}

line_writer::~line_writer() {
  bool writing = false;
  {
    std::lock_guard guard{shared_->mutex};
    shared_->finishing = true;
    shared_->call_at.reset();
    shared_->changed.notify_all();
    writing = shared_->busy || shared_->has_lines();
  }
  if (writing)
    thread_.detach(); // it may hang in a write for ever, and ends with the process
  else
    thread_.join();
}

void line_writer::put(std::string_view line) noexcept {
  std::lock_guard guard{shared_->mutex};
  // Once a line is dropped, later ones are, too, until the thread has taken the others:
  // so the gap has one place.
  bool fits = shared_->dropped == 0 && line.size() <= shared_->limit &&
              shared_->waiting.size() <= shared_->limit - line.size();
  try {
    if (fits)
      shared_->waiting += line;
  } catch (...) { // no memory
    fits = false;
  }
  if (!fits)
    ++shared_->dropped;
  shared_->changed.notify_all();
}

void line_writer::call_at(time_point at, std::function<void()> what) {
  std::lock_guard guard{shared_->mutex};
  shared_->call_at = at;
  shared_->call = std::move(what);
  shared_->changed.notify_all();
}

void line_writer::continue_in(std::function<int()> open) {
  std::lock_guard guard{shared_->mutex};
  shared_->next_target = std::move(open);
  shared_->changed.notify_all();
}

int line_writer::failure() const {
  return shared_->failure;
}

bool line_writer::drain(std::chrono::milliseconds limit) {
  std::unique_lock guard{shared_->mutex};
  return shared_->changed.wait_for(
    guard, limit, [this] { return !shared_->busy && !shared_->has_lines(); });
}

} // namespace peerage
