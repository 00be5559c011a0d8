// SPDX-License-Identifier: MIT
#include "tests/bench/load/load.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace bench {

namespace {

constexpr seconds set_up_limit{20}; // connecting, and what else is not measured

// An incomplete message is moved to the front of this one and continued there.
constexpr std::size_t read_buffer_size = header_size + payload_limit + 256 * 1024;

} // namespace

load::load(const options& given)
    : given_(given), ring_(std::max(given.window, std::size_t{32})),
      read_buffer_(std::make_unique_for_overwrite<byte[]>(read_buffer_size)) {
  take_all_descriptors();
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0)
    throw_errno("epoll_create1");
  put_message(handshake_reply_, make_command("wtxidrelay"), {});
  put_message(handshake_reply_, make_command("sendaddrv2"), {});
  put_message(handshake_reply_, verack_command, {});
}

load::~load() {
  for (const auto& remote : peers_)
    if (remote)
      ::close(remote->descriptor);
  ::close(epoll_);
}

void load::open() {
  auto remote = std::make_unique<peer>();
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    throw_errno("socket");
  remote->descriptor = descriptor;
  remote->outstanding = pings_in_handshake_;
  remote->next_ping = pings_in_handshake_;
  const auto index = static_cast<std::size_t>(descriptor);
  if (index >= peers_.size())
    peers_.resize(2 * index + 1);
  peers_[index] = std::move(remote);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  choose_source(descriptor);
  const auto* server = reinterpret_cast<const sockaddr*>(&given_.server);
  if (::connect(descriptor, server, sizeof given_.server) != 0 && errno != EINPROGRESS)
    return on_failure(*peers_[index], std::string{"connect: "} + std::strerror(errno));
  watch(*peers_[index], EPOLLOUT);
}

void load::close(peer& remote) {
  ::close(remote.descriptor);
  remote.at = stage::closed;
  closed_.push_back(std::move(peers_[static_cast<std::size_t>(remote.descriptor)]));
}

void load::send(peer& remote, std::span<const byte> data) {
  std::size_t sent = 0;
  if (remote.unsent.empty() && !remote.inside_message)
    sent = send_some(remote, data);
  if (sent == data.size() || remote.at == stage::closed)
    return;
  put_range(remote.unsent, data.subspan(sent));
  watch(remote, EPOLLIN | EPOLLOUT);
}

void load::ping(peer& remote, std::size_t count) {
  const auto data = ring_.pings(remote.next_ping, count);
  remote.next_ping = ring_.after(remote.next_ping, count);
  remote.outstanding += count;
  send(remote, data);
}

bool load::flush(peer& remote) {
  if (remote.unsent.empty())
    return true;
  const std::size_t sent = send_some(remote, remote.unsent);
  if (remote.at == stage::closed)
    return false;
  if (sent < remote.unsent.size()) {
    const auto gone = static_cast<std::ptrdiff_t>(sent);
    remote.unsent.erase(remote.unsent.begin(), remote.unsent.begin() + gone);
    return false;
  }
  remote.unsent.clear();
  return true;
}

void load::watch(peer& remote, std::uint32_t what) {
  if (remote.watched == what)
    return;
  epoll_event event{};
  event.events = what;
  event.data.ptr = &remote;
  const int operation = remote.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_, operation, remote.descriptor, &event) != 0)
    throw_errno("epoll_ctl");
  remote.watched = what;
}

void load::watch_input() {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
    throw_errno("stdin must be a pipe or a terminal: epoll_ctl");
}

void load::step(steady::time_point until) {
  // Rounded up: waking just before the time would only mean to wait again.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
  const auto wait = std::clamp<std::int64_t>(left.count(), 0, 1000);
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(wait));
  if (count < 0 && errno != EINTR)
    throw_errno("epoll_wait");
  now_ = steady::now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      on_input();
      continue;
    }
    auto& remote = *static_cast<peer*>(event.data.ptr);
    if (remote.at != stage::closed)
      on_event(remote, event.events);
  }
  closed_.clear();
}

void load::run_until(steady::time_point until) {
  while (now_ < until)
    step(until);
}

double load::measure_pings() {
  run_until(steady::now() + to_steady(warm_up));
  const auto begin = now_;
  const std::uint64_t count_before = pong_count_;
  run_until(begin + to_steady(given_.duration));
  const seconds taken = now_ - begin;
  return static_cast<double>(pong_count_ - count_before) / taken.count();
}

void load::open_all(std::size_t wanted, std::size_t most_in_flight) {
  const auto deadline = steady::now() + duration_cast<steady::duration>(set_up_limit);
  const std::size_t ready_before = ready_count_;
  std::size_t opened = 0;
  std::size_t ready = 0;
  while (ready < wanted) {
    for (; opened < wanted && opened - ready < most_in_flight; ++opened)
      open();
    step(deadline);
    ready = ready_count_ - ready_before;
    if (now_ >= deadline && ready < wanted)
      throw server_problem("only " + std::to_string(ready) + " of " +
                           std::to_string(wanted) +
                           " connections have shaken hands in time");
  }
}

void load::choose_source(int descriptor) {
  // Closing first, as we do, leaves the port in TIME_WAIT for a while. Spread over 250
  // source addresses there are about 7 million of them, enough for any run; a reset
  // (SO_LINGER 0) would avoid the wait, but it would show the server an error where
  // real peers show it an orderly end.
  constexpr std::uint32_t first_source = INADDR_LOOPBACK + 1;
  constexpr std::uint32_t source_count = 250;
  constexpr std::uint32_t loopback_network = INADDR_LOOPBACK >> 24;
  if (ntohl(given_.server.sin_addr.s_addr) >> 24 != loopback_network)
    return;
  const int on = 1; // the port is chosen by connect, which can share ports
  ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_in source{};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl(first_source + source_counter_++ % source_count);
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0)
    throw_errno("bind");
}

std::size_t load::send_some(peer& remote, std::span<const byte> data) {
  const ssize_t result =
    ::send(remote.descriptor, data.data(), data.size(), MSG_NOSIGNAL);
  if (result >= 0)
    return static_cast<std::size_t>(result);
  if (errno != EAGAIN && errno != EINTR)
    on_failure(remote, std::string{"send: "} + std::strerror(errno));
  return 0;
}

void load::on_event(peer& remote, std::uint32_t events) {
  if (remote.at == stage::connecting)
    return on_connected(remote);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    read_once(remote);
  if ((events & EPOLLOUT) == 0 || remote.at == stage::closed)
    return;
  if (remote.inside_message || flush(remote)) {
    if (!remote.inside_message)
      watch(remote, EPOLLIN);
    on_writable(remote);
  }
}

void load::on_connected(peer& remote) {
  int problem = 0;
  socklen_t size = sizeof problem;
  ::getsockopt(remote.descriptor, SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0)
    return on_failure(remote, std::string{"connect: "} + std::strerror(problem));
  remote.at = stage::wait_for_version;
  watch(remote, EPOLLIN);
  send(remote, make_version("/load_client:1.0/"));
}

void load::read_once(peer& remote) {
  byte* buffer = read_buffer_.get();
  const std::size_t kept = remote.incomplete.size();
  if (kept > 0)
    std::memcpy(buffer, remote.incomplete.data(), kept);
  const ssize_t result =
    ::recv(remote.descriptor, buffer + kept, read_buffer_size - kept, 0);
  if (result < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (result < 0)
    return on_failure(remote, std::string{"recv: "} + std::strerror(errno));
  if (result == 0)
    return on_failure(remote, "the server has closed a connection");
  last_bytes_ = now_;
  const std::size_t size = kept + static_cast<std::size_t>(result);
  const std::size_t used = consume(remote, {buffer, size});
  if (remote.at != stage::closed)
    remote.incomplete.assign(buffer + used, buffer + size);
}

std::size_t load::consume(peer& remote, std::span<const byte> data) {
  std::size_t at = 0;
  std::size_t pongs = 0;
  while (remote.at != stage::closed) {
    const byte* here = data.data() + at;
    const std::size_t left = data.size() - at;
    if (left >= ping_size && pongs < remote.outstanding && remote.at == stage::ready &&
        std::memcmp(here, ring_.pong(remote.next_pong), ping_size) == 0) {
      remote.next_pong = ring_.after(remote.next_pong, 1);
      ++pongs;
      at += ping_size;
      continue;
    }
    if (left < header_size)
      break;
    if (std::memcmp(here, regtest_magic.data(), regtest_magic.size()) != 0) {
      on_failure(remote, "the server has sent something that is not a message");
      break;
    }
    const std::uint32_t length = read_u32(here + length_offset);
    if (length > payload_limit) {
      on_failure(remote, "the server has announced a message over the limit");
      break;
    }
    if (left < header_size + length)
      break;
    handle(remote, data.subspan(at, header_size + length));
    at += header_size + length;
  }
  if (pongs > 0 && remote.at != stage::closed) {
    remote.outstanding -= pongs;
    remote.pongs += pongs;
    pong_count_ += pongs;
    on_pongs(remote, pongs);
  }
  return at;
}

void load::handle(peer& remote, std::span<const byte> message) {
  const byte* header = message.data();
  switch (remote.at) {
  case stage::wait_for_version:
    if (is_command(header, version_command)) {
      remote.at = stage::wait_for_verack;
      send(remote, handshake_reply_);
    }
    break;
  case stage::wait_for_verack:
    if (is_command(header, verack_command)) {
      remote.at = stage::ready;
      ++ready_count_;
      on_ready(remote);
    }
    break;
  case stage::ready:
    if (is_command(header, pong_command)) {
      on_failure(remote, "a pong is not the one that was due");
    } else if (is_command(header, ping_command)) {
      bytes pong{message.begin(), message.end()}; // same payload, same checksum
      std::copy(pong_command.begin(), pong_command.end(), pong.begin() + command_offset);
      send(remote, pong);
    }
    break;
  case stage::connecting:
  case stage::closed: break;
  }
}

} // namespace bench
