// SPDX-License-Identifier: MIT
// The floor of the benchmarks: the least a program can do and still be a polite,
// careful peer. One thread, one epoll set, no actors, no queues. It answers the
// accepting side of a regtest handshake and every ping, and it verifies the checksum of
// every message, because a peer that skips this is not doing the same work as ours.

#include "tests/bench/messages.hpp"
#include "tests/bench/program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace bench;

namespace {

constexpr std::uint32_t payload_limit_before_handshake = 4096;
constexpr std::int32_t lowest_protocol_version = 31800;

// Large enough for thousands of pings per read, small enough to stay in the cache.
constexpr std::size_t read_buffer_size = 256 * 1024;

// A reply is never longer than the message that asked for it, except once in the life
// of a connection for the handshake; the last term is room for that.
constexpr std::size_t reply_buffer_size =
  read_buffer_size + header_size + ping_payload_size + 1024;

/// Returns what the accepting side says once it knows the version of the remote.
bytes make_greeting(std::int32_t remote_version) {
  bytes greeting = make_version("/bare_responder:1.0/");
  if (remote_version >= own_protocol_version) {
    put_message(greeting, make_command("wtxidrelay"), {});
    put_message(greeting, make_command("sendaddrv2"), {});
  }
  put_message(greeting, verack_command, {});
  return greeting;
}

// -- connections -----------------------------------------------------------------------

enum class stage : std::uint8_t { wait_for_version, wait_for_verack, ready };

/// One remote. The header and the payload of a message that has only partly arrived are
/// kept apart, so that a large payload is read straight to its final place.
struct connection {
  std::array<byte, header_size> header;
  std::uint32_t header_bytes = 0;
  std::uint32_t payload_length = 0; ///< Valid once the header is whole.
  std::uint32_t payload_bytes = 0;
  stage at = stage::wait_for_version;
  std::unique_ptr<byte[]> payload; ///< Only while a message is incomplete.
  bytes unsent;                    ///< While this is not empty, nothing is read.
};

/// Ends one connection, and is caught where its events are handled.
struct connection_ended {};

class responder {
public:
  responder(std::uint16_t port, std::uint16_t count) {
    constexpr std::size_t table_limit = 1'000'000;
    connections_.resize(std::min(take_all_descriptors(), table_limit));
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
      throw_errno("epoll_create1");
    watch_signals();
    for (std::uint16_t i = 0; i < count; ++i)
      start_listening(port);
  }

  responder(const responder&) = delete;
  responder& operator=(const responder&) = delete;

  ~responder() {
    for (std::size_t i = 0; i < connections_.size(); ++i)
      if (connections_[i])
        ::close(static_cast<int>(i));
    for (const int listener : listeners_)
      ::close(listener);
    ::close(signals_);
    ::close(epoll_);
  }

  /// Serves until SIGTERM or SIGINT.
  void run() {
    print_ready_line();
    std::array<epoll_event, 512> events;
    for (;;) {
      const int count =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR)
        throw_errno("epoll_wait");
      // An event ends no connection but its own, and accepting waits for the end of the
      // batch, so no event here can meet a descriptor that means another remote by now.
      bool pending_accept = false;
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == signals_)
          return;
        if (!connections_[static_cast<std::size_t>(event.data.fd)])
          pending_accept = true; // a listener
        else
          serve(event.data.fd, event.events);
      }
      if (pending_accept)
        for (const int listener : listeners_)
          accept_all(listener);
    }
  }

private:
  // -- setting up ----------------------------------------------------------------------

  void watch(int descriptor, std::uint32_t what, int operation) {
    epoll_event event{};
    event.events = what;
    event.data.fd = descriptor;
    if (::epoll_ctl(epoll_, operation, descriptor, &event) != 0)
      throw_errno("epoll_ctl");
  }

  void watch_signals() {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigprocmask(SIG_BLOCK, &ending, nullptr);
    signals_ = ::signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals_ < 0)
      throw_errno("signalfd");
    watch(signals_, EPOLLIN, EPOLL_CTL_ADD);
  }

  void start_listening(std::uint16_t port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
      throw_errno("socket");
    listeners_.push_back(listener);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit this one, which saves a system call for each.
    ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0)
      throw_errno("bind");
    if (::listen(listener, SOMAXCONN) != 0)
      throw_errno("listen");
    if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw_errno("getsockname");
    ports_.push_back(ntohs(address.sin_port));
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  }

  void print_ready_line() {
    std::printf("{\"event\":\"ready\",\"p2p\":[");
    for (std::size_t i = 0; i < ports_.size(); ++i)
      std::printf("%s\"127.0.0.1:%u\"", i == 0 ? "" : ",", unsigned{ports_[i]});
    std::printf("]}\n");
    std::fflush(stdout);
  }

  // -- one connection ------------------------------------------------------------------

  void accept_all(int listener) {
    // A few descriptors stay free, so that a connection too many can be accepted and
    // closed instead of waking us again and again.
    constexpr std::size_t spare_descriptors = 8;
    for (;;) {
      const int descriptor =
        ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) {
        if (errno == EINTR || errno == ECONNABORTED)
          continue;
        if (errno == EAGAIN)
          return;
        throw_errno("accept4");
      }
      const auto index = static_cast<std::size_t>(descriptor);
      if (index + spare_descriptors >= connections_.size()) {
        ::close(descriptor);
        continue;
      }
      connections_[index] = std::make_unique<connection>();
      watch(descriptor, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void serve(int descriptor, std::uint32_t events) {
    auto& slot = connections_[static_cast<std::size_t>(descriptor)];
    try {
      if ((events & EPOLLOUT) != 0)
        send_rest(descriptor, *slot);
      else
        read_once(descriptor, *slot);
    } catch (const connection_ended&) {
      slot.reset();
      ::close(descriptor);
    }
  }

  void read_once(int descriptor, connection& remote) {
    std::array<iovec, 2> parts;
    std::size_t part_count = 0;
    std::size_t expected = 0; // bytes that complete what has begun
    if (remote.header_bytes == header_size) {
      expected = remote.payload_length - remote.payload_bytes;
      parts[part_count++] = {remote.payload.get() + remote.payload_bytes, expected};
    } else if (remote.header_bytes > 0) {
      expected = header_size - remote.header_bytes;
      parts[part_count++] = {remote.header.data() + remote.header_bytes, expected};
    }
    parts[part_count++] = {read_buffer_.get(), read_buffer_size};
    const ssize_t result =
      ::readv(descriptor, parts.data(), static_cast<int>(part_count));
    if (result < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (result <= 0)
      throw connection_ended{};

    const auto total = static_cast<std::size_t>(result);
    const std::size_t continued = std::min(total, expected);
    reply_size_ = 0;
    consume(remote, continued, {read_buffer_.get(), total - continued});
    send_replies(descriptor, remote);
  }

  /// Handles `continued` bytes that went to the incomplete message of `remote`, then the
  /// ones in `fresh`; keeps what is left.
  void consume(connection& remote, std::size_t continued, std::span<const byte> fresh) {
    if (remote.header_bytes == header_size) {
      remote.payload_bytes += static_cast<std::uint32_t>(continued);
      if (remote.payload_bytes < remote.payload_length)
        return;
      handle(remote, remote.header.data(), {remote.payload.get(), remote.payload_length});
      remote.payload.reset();
      remote.header_bytes = 0;
    } else if (remote.header_bytes > 0) {
      remote.header_bytes += static_cast<std::uint32_t>(continued);
      if (remote.header_bytes < header_size)
        return;
      const std::uint32_t length = checked_length(remote, remote.header.data());
      if (fresh.size() < length)
        return keep_payload(remote, length, fresh);
      remote.header_bytes = 0;
      handle(remote, remote.header.data(), fresh.first(length));
      fresh = fresh.subspan(length);
    }

    while (fresh.size() >= header_size) {
      const byte* header = fresh.data();
      const std::uint32_t length = checked_length(remote, header);
      const auto rest = fresh.subspan(header_size);
      if (rest.size() < length) {
        std::memcpy(remote.header.data(), header, header_size);
        remote.header_bytes = header_size;
        return keep_payload(remote, length, rest);
      }
      handle(remote, header, rest.first(length));
      fresh = rest.subspan(length);
    }
    if (!fresh.empty())
      std::memcpy(remote.header.data(), fresh.data(), fresh.size());
    remote.header_bytes = static_cast<std::uint32_t>(fresh.size());
  }

  static std::uint32_t checked_length(const connection& remote, const byte* header) {
    if (std::memcmp(header, regtest_magic.data(), regtest_magic.size()) != 0)
      throw connection_ended{};
    const std::uint32_t length = read_u32(header + length_offset);
    const std::uint32_t limit =
      remote.at == stage::ready ? payload_limit : payload_limit_before_handshake;
    if (length > limit)
      throw connection_ended{};
    return length;
  }

  static void keep_payload(connection& remote, std::uint32_t length,
                           std::span<const byte> begun) {
    // Left uninitialised: what the remote only announces costs no memory.
    remote.payload = std::make_unique_for_overwrite<byte[]>(length);
    if (!begun.empty())
      std::memcpy(remote.payload.get(), begun.data(), begun.size());
    remote.payload_length = length;
    remote.payload_bytes = static_cast<std::uint32_t>(begun.size());
  }

  void handle(connection& remote, const byte* header, std::span<const byte> payload) {
    const auto digest = double_sha256(payload);
    if (std::memcmp(digest.data(), header + checksum_offset, checksum_size) != 0)
      return;
    switch (remote.at) {
    case stage::wait_for_version:
      if (is_command(header, version_command) && payload.size() >= 4) {
        const auto version = static_cast<std::int32_t>(read_u32(payload.data()));
        if (version < lowest_protocol_version)
          throw connection_ended{};
        reply(make_greeting(version));
        remote.at = stage::wait_for_verack;
      }
      break;
    case stage::wait_for_verack:
      if (is_command(header, verack_command))
        remote.at = stage::ready;
      break;
    case stage::ready:
      if (is_command(header, ping_command) && payload.size() == ping_payload_size)
        reply_pong(header, payload);
      break;
    }
  }

  // -- replies -------------------------------------------------------------------------

  void reply(std::span<const byte> data) {
    std::memcpy(reply_buffer_.get() + reply_size_, data.data(), data.size());
    reply_size_ += data.size();
  }

  void reply_pong(const byte* header, std::span<const byte> payload) {
    // Same payload, hence the same checksum, which has just been verified.
    byte* out = reply_buffer_.get() + reply_size_;
    std::memcpy(out, header, header_size);
    std::memcpy(out + command_offset, pong_command.data(), pong_command.size());
    std::memcpy(out + header_size, payload.data(), ping_payload_size);
    reply_size_ += header_size + ping_payload_size;
  }

  void send_replies(int descriptor, connection& remote) {
    if (reply_size_ == 0)
      return;
    const std::size_t sent = send_some(descriptor, {reply_buffer_.get(), reply_size_});
    if (sent == reply_size_)
      return;
    // Reading stops until this is gone: a remote that does not read costs one buffer.
    remote.unsent.assign(reply_buffer_.get() + sent, reply_buffer_.get() + reply_size_);
    watch(descriptor, EPOLLOUT, EPOLL_CTL_MOD);
  }

  void send_rest(int descriptor, connection& remote) {
    const std::size_t sent = send_some(descriptor, remote.unsent);
    if (sent < remote.unsent.size()) {
      const auto gone = static_cast<std::ptrdiff_t>(sent);
      remote.unsent.erase(remote.unsent.begin(), remote.unsent.begin() + gone);
      return;
    }
    remote.unsent = {};
    watch(descriptor, EPOLLIN, EPOLL_CTL_MOD);
  }

  static std::size_t send_some(int descriptor, std::span<const byte> data) {
    const ssize_t result = ::send(descriptor, data.data(), data.size(), MSG_NOSIGNAL);
    if (result >= 0)
      return static_cast<std::size_t>(result);
    if (errno == EAGAIN || errno == EINTR)
      return 0;
    throw connection_ended{};
  }

  int epoll_ = -1;
  int signals_ = -1;
  std::vector<int> listeners_;
  std::vector<std::uint16_t> ports_;                     // of the listeners
  std::vector<std::unique_ptr<connection>> connections_; // by descriptor
  std::unique_ptr<byte[]> read_buffer_ = std::make_unique<byte[]>(read_buffer_size);
  std::unique_ptr<byte[]> reply_buffer_ = std::make_unique<byte[]>(reply_buffer_size);
  std::size_t reply_size_ = 0;
};

bool parse(std::string_view text, std::uint16_t& out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

} // namespace

int main(int argument_count, char** arguments) {
  std::uint16_t port = 0;
  std::uint16_t count = 1;
  if (argument_count < 2 || argument_count > 3 || !parse(arguments[1], port) ||
      (argument_count == 3 && (!parse(arguments[2], count) || port != 0))) {
    std::fputs("usage: bare_responder PORT      listens on 127.0.0.1; 0 = any port\n"
               "       bare_responder 0 COUNT   on that many ports\n",
               stderr);
    return 2;
  }
  try {
    responder{port, count}.run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bare_responder: %s\n", problem.what());
    return 1;
  }
  return 0;
}
