// SPDX-License-Identifier: MIT
#include "actors/transport/epoll_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace peerage {

namespace {

constexpr std::uint32_t arrivals = EPOLLIN | EPOLLRDHUP | EPOLLET;

/// The most changes that one wait returns.
constexpr std::size_t changes_per_wait = 64;

int checked(int result, const char* call) {
  if (result < 0)
    throw std::system_error(errno, std::generic_category(), call);
  return result;
}

int control(const owned_descriptor& epoll, int operation, int descriptor,
            std::uint32_t changes, watched_socket* socket) {
  epoll_event event{};
  event.events = changes;
  event.data.ptr = socket;
  return ::epoll_ctl(epoll.get(), operation, descriptor, &event);
}

} // namespace

owned_descriptor::~owned_descriptor() {
  ::close(value_);
}

epoll_loop::epoll_loop(std::shared_ptr<duration_histogram> lag)
    : lag_(std::move(lag)),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      alarm_(checked(::eventfd(0, EFD_CLOEXEC), "eventfd")) {
  // Edge-triggered, too: each ring ends one wait, and its count need not be read.
  checked(control(epoll_, EPOLL_CTL_ADD, alarm_.get(), EPOLLIN | EPOLLET, nullptr),
          "epoll_ctl");
  thread_ = std::thread{[this] { run(); }};
}

epoll_loop::~epoll_loop() {
  {
    std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  ::eventfd_write(alarm_.get(), 1);
  thread_.join();
}

bool epoll_loop::watch(const std::shared_ptr<watched_socket>& socket) {
  std::lock_guard guard{mutex_};
  watched_.insert(socket);
  if (control(epoll_, EPOLL_CTL_ADD, socket->descriptor(), arrivals, socket.get()) == 0)
    return true;
  watched_.erase(socket);
  return false;
}

void epoll_loop::watch_room_to_send(watched_socket& socket) {
  control(epoll_, EPOLL_CTL_MOD, socket.descriptor(), arrivals | EPOLLOUT, &socket);
}

void epoll_loop::wake(std::shared_ptr<watched_socket> socket) {
  {
    std::lock_guard guard{mutex_};
    woken_.push_back(std::move(socket));
    if (woken_.size() > 1)
      return; // the alarm has rung for the first
  }
  ::eventfd_write(alarm_.get(), 1);
}

/// How long a wait may last, as epoll has it.
int epoll_loop::patience(clock::time_point next_look) const {
  if (!line_.empty())
    return 0;
  if (!lag_)
    return -1;
  using namespace std::chrono;
  const auto left = ceil<milliseconds>(next_look - clock::now()).count();
  return static_cast<int>(std::max<milliseconds::rep>(left, 0));
}

void epoll_loop::run() {
  std::array<epoll_event, changes_per_wait> changes;
  auto next_look = clock::now() + lag_interval;
  for (;;) {
    const int count =
      ::epoll_wait(epoll_.get(), changes.data(), changes_per_wait, patience(next_look));
    if (lag_)
      if (const auto now = clock::now(); now >= next_look) {
        lag_->observe(std::chrono::duration<double>(now - next_look).count());
        next_look = now + lag_interval;
      }
    for (std::size_t i = 0; static_cast<int>(i) < count; ++i)
      if (auto* socket = static_cast<watched_socket*>(changes[i].data.ptr))
        dispatch(*socket, changes[i].events);
    sockets woken;
    {
      std::lock_guard guard{mutex_};
      if (stopping_)
        return;
      woken.swap(woken_);
    }
    // After the events, which may be for sockets that are forgotten now.
    for (const auto& socket : woken)
      dispatch(*socket, 0);
    if (!line_.empty())
      dispatch_next_in_line();
  }
}

void epoll_loop::dispatch_next_in_line() {
  const auto socket = std::move(line_.front());
  line_.pop_front();
  socket->in_line_ = false;
  dispatch(*socket, std::exchange(socket->news_, 0));
}

void epoll_loop::dispatch(watched_socket& socket, std::uint32_t changes) {
  using enum watched_socket::next_step;
  if (socket.in_line_) { // it has had a turn; others go first
    socket.news_ |= changes;
    return;
  }
  auto next = socket.on_ready(changes);
  if (next == wait)
    return;
  auto self =
    socket.shared_from_this(); // may be the last reference: destroyed at the end
  if (next == again) {
    socket.in_line_ = true;
    line_.push_back(std::move(self));
    return;
  }
  control(epoll_, EPOLL_CTL_DEL, socket.descriptor(), 0, nullptr);
  std::lock_guard guard{mutex_};
  watched_.erase(self);
}

} // namespace peerage
