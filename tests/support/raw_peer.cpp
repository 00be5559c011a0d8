// SPDX-License-Identifier: MIT
#include "tests/support/raw_peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace peerage::test {

namespace {

constexpr std::size_t header_size = 24;

[[noreturn]] void fail_with_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in to_sockaddr(const endpoint& x) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(x.port);
  std::memcpy(&result.sin_addr, x.ip.data() + 12, 4);
  return result;
}

endpoint local_of(int fd) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    fail_with_errno("getsockname");
  std::uint8_t bytes[4];
  std::memcpy(bytes, &at.sin_addr, 4);
  return ipv4_endpoint(bytes[0], bytes[1], bytes[2], bytes[3], ntohs(at.sin_port));
}

unique_fd make_socket(const endpoint& bind_to) {
  unique_fd result{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (result.get() < 0)
    fail_with_errno("socket");
  int on = 1;
  ::setsockopt(result.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto at = to_sockaddr(bind_to);
  if (::bind(result.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
    fail_with_errno("bind");
  return result;
}

/// Waits until one of `events` holds; returns those that do, 0 at the deadline.
short wait_for(int fd, short events, deadline until) {
  pollfd entry{fd, events, 0};
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - wall_clock::now());
    auto ready = ::poll(&entry, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready > 0)
      return entry.revents;
    if (ready == 0)
      return 0;
    if (errno != EINTR)
      fail_with_errno("poll");
  }
}

template <class T>
T read_number(const std::byte* from) {
  T result;
  std::memcpy(&result, from, sizeof result);
  return result;
}

template <class T>
void append_number(byte_vector& to, T x) {
  const auto* first = reinterpret_cast<const std::byte*>(&x);
  to.insert(to.end(), first, first + sizeof x);
}

} // namespace

void append(byte_vector& to, const byte_vector& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

wire::message raw_message::decoded() const {
  std::array<char, 12> field{};
  std::copy(command.begin(), command.end(), field.begin());
  wire::message result;
  if (wire::decode(wire::command_of(field.data()), wire::slice::copy_of(payload),
                   result) != wire::decode_result::ok)
    throw std::runtime_error("cannot decode a " + command);
  return result;
}

wire::version raw_identity::version() const {
  wire::version result;
  result.protocol = protocol;
  result.services = services;
  result.time = 1'700'000'000;
  result.nonce = nonce;
  result.user_agent = user_agent;
  result.start_height = start_height;
  result.relay = relay;
  return result;
}

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void unique_fd::reset() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

// -- raw_peer --------------------------------------------------------------------------

raw_peer raw_peer::connect(const endpoint& to, const endpoint& from, deadline until) {
  auto socket = make_socket(from);
  auto at = to_sockaddr(to);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
    if (errno != EINPROGRESS)
      fail_with_errno("connect");
    if (wait_for(socket.get(), POLLOUT, until) == 0)
      throw std::runtime_error("connect took too long");
    socklen_t size = sizeof errno;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &errno, &size);
    if (errno != 0)
      fail_with_errno("connect");
  }
  return raw_peer(std::move(socket));
}

raw_peer::raw_peer(unique_fd socket) : socket_(std::move(socket)) {
  int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

endpoint raw_peer::local() const {
  return local_of(socket_.get());
}

bool raw_peer::pump(deadline until, bool want_write) {
  const bool want_read = reading_ && end_ == stream_end::open;
  auto events = static_cast<short>((want_read ? POLLIN : 0) | (want_write ? POLLOUT : 0));
  auto ready = wait_for(socket_.get(), events, until);
  if (want_read && (ready & (POLLIN | POLLHUP | POLLERR)) != 0)
    receive_available();
  return ready != 0;
}

void raw_peer::receive_available() {
  if (consumed_ == received_.size()) {
    received_.clear();
    consumed_ = 0;
  }
  std::byte buffer[64 * 1024];
  auto count = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (count > 0)
    received_.insert(received_.end(), buffer, buffer + count);
  else if (count == 0)
    end_ = stream_end::end_of_file;
  else if (errno != EAGAIN && errno != EINTR)
    end_ = stream_end::reset;
}

std::size_t raw_peer::send_some(const byte_vector& bytes, deadline until) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    auto count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EPIPE || errno == ECONNRESET)
      return sent;
    if (errno != EAGAIN && errno != EINTR)
      fail_with_errno("send");
    if (!pump(until, true))
      return sent;
  }
  return sent;
}

void raw_peer::send(const byte_vector& bytes, deadline until) {
  if (send_some(bytes, until) < bytes.size())
    throw std::runtime_error("could not send everything in time");
}

void raw_peer::send_bytewise(const byte_vector& bytes) {
  for (auto byte : bytes)
    send(byte_vector{byte});
}

std::optional<raw_message> raw_peer::take_message() {
  auto available = received_.size() - consumed_;
  if (available < header_size)
    return std::nullopt;
  const auto* head = received_.data() + consumed_;
  if (read_number<std::uint32_t>(head) != magic)
    throw std::runtime_error("received another magic");
  auto length = read_number<std::uint32_t>(head + 16);
  if (available - header_size < length)
    return std::nullopt;
  raw_message result;
  const auto* text = reinterpret_cast<const char*>(head) + 4;
  result.command.assign(text, ::strnlen(text, 12));
  result.payload.assign(head + header_size, head + header_size + length);
  if (wire::checksum(result.payload) != read_number<std::uint32_t>(head + 20))
    throw std::runtime_error("received a bad checksum");
  consumed_ += header_size + length;
  return result;
}

std::optional<raw_message> raw_peer::read_message(deadline until) {
  for (;;) {
    while (auto message = take_message()) {
      if (message->command != "ping")
        return message;
      ++pings;
      if (!answers_pings)
        return message;
      send(raw_envelope{magic, "pong", message->payload, {}, {}}.bytes());
    }
    if (end_ != stream_end::open || !pump(until, false))
      return std::nullopt;
  }
}

raw_message raw_peer::expect(const std::string& command, deadline until) {
  while (auto message = read_message(until))
    if (message->command == command)
      return std::move(*message);
  throw std::runtime_error("no " + command + " came");
}

stream_end raw_peer::read_end(deadline until) {
  while (end_ == stream_end::open && pump(until, false))
    consumed_ = received_.size();
  return end_;
}

void raw_peer::shrink_buffers(int bytes) {
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

byte_vector raw_peer::handshake_bytes(const raw_identity& us) const {
  auto result = encoded(us.version());
  if (us.features) {
    append(result, encoded(wire::wtxidrelay{}));
    append(result, encoded(wire::sendaddrv2{}));
  }
  append(result, encoded(wire::verack{}));
  return result;
}

wire::version raw_peer::shake_hands(const raw_identity& us) {
  send(handshake_bytes(us));
  auto theirs = expect("version");
  expect("verack");
  return std::get<wire::version>(theirs.decoded());
}

wire::version raw_peer::answer_handshake(const raw_identity& us) {
  auto theirs = expect("version");
  send(handshake_bytes(us));
  expect("verack");
  return std::get<wire::version>(theirs.decoded());
}

void raw_peer::round_trip() {
  auto nonce = 0x70696e6700000000 + next_nonce_++;
  send(wire::ping{nonce});
  for (;;) {
    auto answer = expect("pong");
    if (std::get<wire::pong>(answer.decoded()).nonce == nonce)
      return;
  }
}

void raw_peer::finish_sending() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void raw_peer::abort() {
  linger none{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  socket_.reset();
}

// -- raw_listener ----------------------------------------------------------------------

raw_listener::raw_listener(int backlog)
    : socket_(make_socket(ipv4_endpoint(127, 0, 0, 1, 0))) {
  if (::listen(socket_.get(), backlog) != 0)
    fail_with_errno("listen");
  local_ = local_of(socket_.get());
}

raw_peer raw_listener::accept(deadline until) {
  for (;;) {
    unique_fd next{
      ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (next.get() >= 0)
      return raw_peer(std::move(next));
    if (errno != EAGAIN && errno != EINTR)
      fail_with_errno("accept");
    if (wait_for(socket_.get(), POLLIN, until) == 0)
      throw std::runtime_error("nobody connected");
  }
}

void raw_listener::fill() {
  constexpr int enough = 8; // more than any rounding of the backlog
  auto at = to_sockaddr(local_);
  for (int i = 0; i < enough; ++i) {
    auto filler = make_socket(ipv4_endpoint(127, 0, 0, 1, 0));
    std::ignore = ::connect(filler.get(), reinterpret_cast<sockaddr*>(&at), sizeof at);
    // Connections without a place keep trying, which does no harm.
    wait_for(filler.get(), POLLOUT, in(20ms));
    fillers_.push_back(std::move(filler));
  }
}

byte_vector raw_envelope::bytes() const {
  byte_vector result;
  append_number(result, magic);
  std::array<char, 12> field{};
  std::copy(command.begin(), command.end(), field.begin());
  append_number(result, field);
  append_number(result, length.value_or(static_cast<std::uint32_t>(payload.size())));
  append_number(result, checksum.value_or(wire::checksum(payload)));
  append(result, payload);
  return result;
}

} // namespace peerage::test
