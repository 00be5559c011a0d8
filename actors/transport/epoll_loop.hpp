// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/duration_histogram.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

namespace peerage {

/// A file descriptor that is closed when its owner goes.
class owned_descriptor {
public:
  explicit owned_descriptor(int value) : value_(value) {}
  owned_descriptor(const owned_descriptor&) = delete;
  owned_descriptor& operator=(const owned_descriptor&) = delete;
  ~owned_descriptor();

  int get() const { return value_; }

private:
  int value_;
};

/// An open socket that `epoll_loop` watches. The last reference to it closes it: no other
/// socket gets the number of a descriptor that is still in use.
class watched_socket : public std::enable_shared_from_this<watched_socket> {
public:
  explicit watched_socket(int descriptor) : descriptor_(descriptor) {}
  virtual ~watched_socket() = default;

  int descriptor() const { return descriptor_.get(); }

  enum class next_step {
    wait,   ///< Call again when something happens to the socket, or `wake` is called.
    again,  ///< Call again when there is time: all others go first.
    forget, ///< Never call again.
  };

  /// A turn on the thread of the loop. `changes` are the event bits of epoll, or 0.
  virtual next_step on_ready(std::uint32_t changes) = 0;

private:
  friend class epoll_loop;

  owned_descriptor descriptor_;
  // Used by the thread of the loop only.
  bool in_line_ = false;   ///< Waits for a turn when there is time.
  std::uint32_t news_ = 0; ///< Changes since it stands in line.
};

/// A thread that waits for many sockets at once, and gives a turn to each socket with a
/// change.
///
/// A socket is registered once, edge-triggered, for all its life. So it costs nothing to
/// wait for the next message, where Asio has a system call for each wait. The price:
/// every change is told once, and a socket that does not read everything has to remember
/// that.
///
/// Sockets that want another turn stand in line, behind all sockets with changes: however
/// many peers send as fast as they can, a ping waits for one turn, not for one of each of
/// them.
class epoll_loop {
public:
  /// @param lag Gets how late the thread looks at a timer, every `lag_interval`; may be
  ///            null.
  /// @throws std::system_error if the system has no descriptor or thread for it.
  explicit epoll_loop(std::shared_ptr<duration_histogram> lag = nullptr);
  epoll_loop(const epoll_loop&) = delete;
  epoll_loop& operator=(const epoll_loop&) = delete;
  /// Joins the thread, and drops the sockets still watched.
  ~epoll_loop();

  /// Gives turns when something arrives, and keeps the socket alive until it returns
  /// `forget`. False if the system has no room for one more.
  bool watch(const std::shared_ptr<watched_socket>& socket);

  /// Also gives turns to a watched socket when there is room to send, from now on.
  void watch_room_to_send(watched_socket& socket);

  /// Gives a turn soon, without a change of the socket. May be called by any thread.
  void wake(std::shared_ptr<watched_socket> socket);

  static constexpr std::chrono::seconds lag_interval{1};

private:
  using clock = std::chrono::steady_clock;
  using sockets = std::vector<std::shared_ptr<watched_socket>>;

  void run();
  int patience(clock::time_point next_look) const;
  void dispatch(watched_socket& socket, std::uint32_t changes);
  void dispatch_next_in_line();

  const std::shared_ptr<duration_histogram> lag_;
  owned_descriptor epoll_;
  owned_descriptor alarm_;                           ///< An eventfd that ends a wait.
  std::deque<std::shared_ptr<watched_socket>> line_; ///< Used by the thread only.

  std::mutex mutex_; ///< Guards what follows.
  std::unordered_set<std::shared_ptr<watched_socket>> watched_;
  sockets woken_;
  bool stopping_ = false;

  std::thread thread_; ///< Last: it uses all of the above.
};

} // namespace peerage
