// The load of the benchmarks: a single-threaded client for regtest that costs as little
// as possible itself. Everything it sends in numbers is built beforehand, checksums
// included, and the pongs it waits for are compared as whole messages. One line of JSON
// is the result (`hold` prints several); whatever keeps the server from doing its part
// ends the program with status 1.

#define OPENSSL_SUPPRESS_DEPRECATED // the one-shot calls that replace these are slower

#include "bench_client.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

using byte = std::uint8_t;
using bytes = std::vector<byte>;
using steady = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr std::array<byte, 4> regtest_magic{0xfa, 0xbf, 0xb5, 0xda};
constexpr std::size_t header_size = 24;
constexpr std::size_t command_offset = 4;
constexpr std::size_t length_offset = 16;
constexpr std::size_t checksum_size = 4;
constexpr std::size_t ping_size = header_size + 8;
constexpr std::uint32_t payload_limit = 4'000'000;
constexpr std::uint64_t own_protocol_version = 70016;

// An incomplete message is moved to the front of this one and continued there.
constexpr std::size_t read_buffer_size = header_size + payload_limit + 256 * 1024;

constexpr seconds warm_up = 300ms;
constexpr seconds set_up_limit = 20s;    // connecting, and what else is not measured
constexpr std::size_t most_opening = 64; // so that no backlog of the server overflows

// -- messages --------------------------------------------------------------------------

using command = std::array<char, 12>;

constexpr command make_command(std::string_view name) {
  command result{};
  std::copy(name.begin(), name.end(), result.begin());
  return result;
}

constexpr command version_command = make_command("version");
constexpr command verack_command = make_command("verack");
constexpr command ping_command = make_command("ping");
constexpr command pong_command = make_command("pong");

bool is_command(const byte* header, const command& expected) {
  return std::memcmp(header + command_offset, expected.data(), expected.size()) == 0;
}

std::uint32_t read_u32(const byte* from) {
  return static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8 |
         static_cast<std::uint32_t>(from[2]) << 16 |
         static_cast<std::uint32_t>(from[3]) << 24;
}

std::array<byte, SHA256_DIGEST_LENGTH> double_sha256(std::span<const byte> data) {
  std::array<byte, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(digest.data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::uint64_t random_number() {
  std::uint64_t result = 0;
  if (RAND_bytes(reinterpret_cast<byte*>(&result), sizeof result) != 1)
    throw std::runtime_error("no random bytes");
  return result;
}

void put_integer(bytes& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(static_cast<byte>(value >> (8 * i)));
}

template <class Range>
void put_range(bytes& out, const Range& range) {
  out.insert(out.end(), range.begin(), range.end());
}

void put_message(bytes& out, const command& name, std::span<const byte> payload) {
  put_range(out, regtest_magic);
  put_range(out, name);
  put_integer(out, payload.size(), 4);
  const auto digest = double_sha256(payload);
  out.insert(out.end(), digest.begin(), digest.begin() + checksum_size);
  put_range(out, payload);
}

bytes make_version() {
  constexpr std::string_view user_agent = "/load_client:1.0/";
  constexpr std::size_t network_address_size = 26;
  bytes payload;
  put_integer(payload, own_protocol_version, 4);
  put_integer(payload, 0, 8); // services
  put_integer(payload, static_cast<std::uint64_t>(std::time(nullptr)), 8);
  payload.insert(payload.end(), 2 * network_address_size, byte{0});
  put_integer(payload, random_number(), 8);
  payload.push_back(static_cast<byte>(user_agent.size()));
  put_range(payload, user_agent);
  put_integer(payload, 0, 4); // height
  payload.push_back(0);       // relay
  bytes message;
  put_message(message, version_command, payload);
  return message;
}

/// Builds a block of one transaction whose script makes up the wanted size.
bytes make_block(std::size_t size) {
  constexpr std::size_t block_header_size = 80;
  constexpr std::size_t bytes_around_script = 4 + 1 + 36 + 4 + 1 + 8 + 1 + 1 + 4;
  constexpr std::size_t largest_one_byte_count = 252;
  constexpr std::size_t largest_three_byte_count = 0xffff;
  constexpr std::size_t fixed = block_header_size + 1 + bytes_around_script;

  bytes script_length;
  std::size_t script_size = 0;
  const auto room = [size](std::size_t taken) { return size > taken ? size - taken : 0; };
  if (room(fixed + 5) > largest_three_byte_count) {
    script_size = room(fixed + 5);
    script_length.push_back(0xfe);
    put_integer(script_length, script_size, 4);
  } else if (room(fixed + 3) > largest_one_byte_count &&
             room(fixed + 3) <= largest_three_byte_count) {
    script_size = room(fixed + 3);
    script_length.push_back(0xfd);
    put_integer(script_length, script_size, 2);
  } else {
    throw usage_problem("--size " + std::to_string(size) +
                        ": no block of one transaction has exactly this size");
  }

  bytes transaction;
  put_integer(transaction, 2, 4); // version
  transaction.push_back(1);       // inputs
  transaction.insert(transaction.end(), 32, byte{0});
  put_integer(transaction, 0xffffffff, 4); // with a null hash: the null outpoint
  put_range(transaction, script_length);
  transaction.insert(transaction.end(), script_size, byte{0x51});
  put_integer(transaction, 0xffffffff, 4);    // sequence
  transaction.push_back(1);                   // outputs
  put_integer(transaction, 5'000'000'000, 8); // value
  transaction.push_back(1);                   // script length
  transaction.push_back(0x51);                // OP_TRUE
  put_integer(transaction, 0, 4);             // locktime

  bytes block;
  put_integer(block, 0x20000000, 4);            // version
  block.insert(block.end(), 32, byte{0});       // previous block
  put_range(block, double_sha256(transaction)); // the Merkle root of one transaction
  put_integer(block, 1'700'000'000, 4);         // time
  put_integer(block, 0x207fffff, 4);            // bits
  put_integer(block, 0, 4);                     // nonce
  block.push_back(1);                           // transactions
  put_range(block, transaction);
  return block;
}

/// Prebuilt pings with different nonces, and the pongs that answer them, each behind the
/// previous one, so that many go out with one call. Every connection starts at the first.
class ping_ring {
public:
  explicit ping_ring(std::size_t largest_run)
      : count_(std::max(std::size_t{1024}, 2 * largest_run)) {
    // The beginning follows the end once more: no run is ever broken.
    for (std::size_t i = 0; i < count_ + largest_run; ++i) {
      bytes nonce;
      put_integer(nonce, first_nonce_ + i % count_, 8);
      put_message(pings_, ping_command, nonce);
      put_message(pongs_, pong_command, nonce);
    }
  }

  std::span<const byte> pings(std::size_t first, std::size_t count) const {
    return std::span{pings_}.subspan(first * ping_size, count * ping_size);
  }

  const byte* pong(std::size_t index) const { return pongs_.data() + index * ping_size; }

  std::size_t after(std::size_t index, std::size_t step) const {
    return (index + step) % count_;
  }

private:
  std::size_t count_;
  // Half of the numbers are enough, and the sum must not wrap around.
  std::uint64_t first_nonce_ = random_number() >> 1;
  bytes pings_;
  bytes pongs_;
};

// -- the command line ------------------------------------------------------------------

struct options {
  std::string subcommand;
  sockaddr_in server{};
  std::size_t connections = 0;
  std::size_t window = 1;
  std::size_t in_flight = 0;
  std::size_t size = 1'000'000;
  seconds duration = 3s;
  bool until_pong = true;
  long server_process = 0;
};

constexpr const char* usage = R"(usage:
  load_client pings      ADDR:PORT [--connections 100] [--window 1] [--seconds 3]
  load_client handshakes ADDR:PORT [--in-flight 32] [--seconds 3] [--until pong|verack]
  load_client throughput ADDR:PORT [--connections 1] [--size 1000000] [--seconds 3]
  load_client idle       ADDR:PORT --pid PID [--connections 5000] [--in-flight 64]
  load_client hold       ADDR:PORT [--connections 5000] [--in-flight 64] [--window 10]
                         [--seconds 3]
)";

options parse_options(std::span<char*> arguments) {
  if (arguments.size() < 3)
    throw usage_problem("a subcommand and an address are needed");
  options result;
  result.subcommand = arguments[1];
  result.server = parse_address(arguments[2]);
  std::map<std::string, std::string> given;
  for (std::size_t i = 3; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size())
      throw usage_problem(std::string{arguments[i]} + ": a value is missing");
    given[arguments[i]] = arguments[i + 1];
  }

  const auto take = [&given](const std::string& name, auto& target, auto low, auto high) {
    using number = std::remove_reference_t<decltype(target)>;
    if (const auto found = given.extract(name))
      target = parse_number<number>(name, found.mapped(), static_cast<number>(low),
                                    static_cast<number>(high));
  };
  const auto take_duration = [&] {
    double value = result.duration.count();
    take("--seconds", value, 0.1, 3600);
    result.duration = seconds{value};
  };
  if (result.subcommand == "pings") {
    result.connections = 100;
    take("--connections", result.connections, 1, 50'000);
    take("--window", result.window, 1, 100'000);
    take_duration();
  } else if (result.subcommand == "handshakes") {
    result.in_flight = 32;
    take("--in-flight", result.in_flight, 1, 4096);
    take_duration();
    if (const auto found = given.extract("--until")) {
      if (found.mapped() != "pong" && found.mapped() != "verack")
        throw usage_problem("--until " + found.mapped() + ": expected pong or verack");
      result.until_pong = found.mapped() == "pong";
    }
  } else if (result.subcommand == "throughput") {
    result.connections = 1;
    take("--connections", result.connections, 1, 1000);
    take("--size", result.size, 400, payload_limit);
    take_duration();
  } else if (result.subcommand == "idle") {
    result.connections = 5000;
    result.in_flight = 64;
    take("--connections", result.connections, 1, 50'000);
    take("--in-flight", result.in_flight, 1, 4096);
    take("--pid", result.server_process, 1, 1L << 30);
    if (result.server_process == 0)
      throw usage_problem("idle: --pid PID is needed");
  } else if (result.subcommand == "hold") {
    result.connections = 5000;
    result.in_flight = 64;
    result.window = 10;
    take("--connections", result.connections, 1, 50'000);
    take("--in-flight", result.in_flight, 1, 4096);
    take("--window", result.window, 1, 100'000);
    take_duration();
  } else {
    throw usage_problem(result.subcommand + ": no such subcommand");
  }
  if (!given.empty())
    throw usage_problem(given.begin()->first + ": no such option of " +
                        result.subcommand);
  return result;
}

// -- what all loads share --------------------------------------------------------------

enum class stage : std::uint8_t {
  connecting,
  wait_for_version,
  wait_for_verack,
  ready,
  closed
};

/// One connection to the server.
struct peer {
  int descriptor = -1;
  stage at = stage::connecting;
  std::uint32_t watched = 0;
  bool inside_message = false; ///< A load is half way through a message of its own.
  bytes incomplete;            ///< The beginning of a message.
  bytes unsent;
  std::size_t next_ping = 0;
  std::size_t next_pong = 0;
  std::size_t outstanding = 0; ///< Pings without a pong.
  std::uint64_t pongs = 0;
  std::size_t unit_sent = 0; ///< For `throughput`: bytes of the current unit.
};

/// Connects, shakes hands, pings; a derived class decides when and how much.
class load {
public:
  explicit load(const options& given)
      : given_(given), ring_(std::max(given.window, std::size_t{32})) {
    take_all_descriptors();
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
      throw_errno("epoll_create1");
    put_message(handshake_reply_, make_command("wtxidrelay"), {});
    put_message(handshake_reply_, make_command("sendaddrv2"), {});
    put_message(handshake_reply_, verack_command, {});
  }

  load(const load&) = delete;
  load& operator=(const load&) = delete;

  virtual ~load() {
    for (const auto& remote : peers_)
      if (remote)
        ::close(remote->descriptor);
    ::close(epoll_);
  }

  /// Does the measurement and returns its line of JSON.
  virtual std::string run() = 0;

protected:
  /// Their verack is here, and ours is on its way.
  virtual void on_ready(peer& remote) = 0;

  /// The server has answered this many more pings, in order.
  virtual void on_pongs(peer& remote, std::size_t count) = 0;

  /// There is room to send, and nothing left in `unsent`.
  virtual void on_writable(peer&) {}

  /// Something, or the end, is to be read on stdin, which a load has asked to watch.
  virtual void on_input() {}

  /// The connection is of no use any more.
  virtual void on_failure(peer&, const std::string& why) { throw server_problem(why); }

  void open() {
    auto remote = std::make_unique<peer>();
    const int descriptor =
      ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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

  /// Closes now, frees at the end of the batch.
  void close(peer& remote) {
    ::close(remote.descriptor);
    remote.at = stage::closed;
    closed_.push_back(std::move(peers_[static_cast<std::size_t>(remote.descriptor)]));
  }

  /// Sends now what fits and the rest later. Bytes of a whole message only.
  void send(peer& remote, std::span<const byte> data) {
    std::size_t sent = 0;
    if (remote.unsent.empty() && !remote.inside_message)
      sent = send_some(remote, data);
    if (sent == data.size() || remote.at == stage::closed)
      return;
    put_range(remote.unsent, data.subspan(sent));
    watch(remote, EPOLLIN | EPOLLOUT);
  }

  void ping(peer& remote, std::size_t count) {
    const auto data = ring_.pings(remote.next_ping, count);
    remote.next_ping = ring_.after(remote.next_ping, count);
    remote.outstanding += count;
    send(remote, data);
  }

  /// Returns whether nothing is left to send.
  bool flush(peer& remote) {
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

  void watch(peer& remote, std::uint32_t what) {
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

  void watch_input() {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
      throw_errno("stdin must be a pipe or a terminal: epoll_ctl");
  }

  /// Handles what happens until `until`, at most one batch of it.
  void step(steady::time_point until) {
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

  /// Steps for as long as this takes.
  void run_until(steady::time_point until) {
    while (now_ < until)
      step(until);
  }

  /// Opens this many connections more and waits until all are ready.
  void open_all(std::size_t wanted, std::size_t most_in_flight) {
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

  const options& given_;
  ping_ring ring_;
  bytes handshake_reply_;
  std::size_t pings_in_handshake_ = 0; ///< How many `handshake_reply_` ends with.
  std::size_t ready_count_ = 0;
  std::uint64_t pong_count_ = 0;
  steady::time_point now_ = steady::now();   ///< When the last batch began.
  steady::time_point last_bytes_ = now_;     ///< When the server last said something.
  std::vector<std::unique_ptr<peer>> peers_; ///< By descriptor.

private:
  void choose_source(int descriptor) {
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

  std::size_t send_some(peer& remote, std::span<const byte> data) {
    const ssize_t result =
      ::send(remote.descriptor, data.data(), data.size(), MSG_NOSIGNAL);
    if (result >= 0)
      return static_cast<std::size_t>(result);
    if (errno != EAGAIN && errno != EINTR)
      on_failure(remote, std::string{"send: "} + std::strerror(errno));
    return 0;
  }

  void on_event(peer& remote, std::uint32_t events) {
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

  void on_connected(peer& remote) {
    int problem = 0;
    socklen_t size = sizeof problem;
    ::getsockopt(remote.descriptor, SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0)
      return on_failure(remote, std::string{"connect: "} + std::strerror(problem));
    remote.at = stage::wait_for_version;
    watch(remote, EPOLLIN);
    send(remote, make_version());
  }

  void read_once(peer& remote) {
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

  /// Returns how many bytes belong to whole messages.
  std::size_t consume(peer& remote, std::span<const byte> data) {
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

  void handle(peer& remote, std::span<const byte> message) {
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
        std::copy(pong_command.begin(), pong_command.end(),
                  pong.begin() + command_offset);
        send(remote, pong);
      }
      break;
    case stage::connecting:
    case stage::closed: break;
    }
  }

  int epoll_ = -1;
  std::uint32_t source_counter_ = 0;
  std::unique_ptr<byte[]> read_buffer_ =
    std::make_unique_for_overwrite<byte[]>(read_buffer_size);
  std::vector<std::unique_ptr<peer>> closed_;
};

steady::duration to_steady(seconds value) {
  return std::chrono::duration_cast<steady::duration>(value);
}

// -- the five loads --------------------------------------------------------------------

/// Keeps a window of pings outstanding on every connection.
class ping_load : public load {
public:
  using load::load;

  std::string run() override {
    open_all(given_.connections, most_opening);
    for (const auto& remote : peers_)
      if (remote)
        ping(*remote, given_.window);
    run_until(steady::now() + to_steady(warm_up));
    const auto begin = now_;
    const std::uint64_t count_before = pong_count_;
    run_until(begin + to_steady(given_.duration));
    const seconds taken = now_ - begin;
    const auto count = static_cast<double>(pong_count_ - count_before);
    for (const auto& remote : peers_)
      if (remote && remote->pongs == 0)
        throw server_problem("a connection has not got a single pong");
    return "{\"pings_per_second\":" + to_text(count / taken.count()) + "}";
  }

private:
  void on_ready(peer&) override {}
  void on_pongs(peer& remote, std::size_t count) override { ping(remote, count); }
};

/// Keeps a number of handshakes in flight. By default a handshake is over when a pong to
/// a ping right behind our verack has come: nothing else shows that the server has seen
/// our verack, and without it the number in flight would bound nothing on its side.
class handshake_load : public load {
public:
  explicit handshake_load(const options& given) : load(given) {
    if (given.until_pong) {
      put_range(handshake_reply_, ring_.pings(0, 1));
      pings_in_handshake_ = 1;
    }
  }

  std::string run() override {
    const auto begin = measure_until(steady::now() + to_steady(warm_up));
    const std::uint64_t finished_before = finished_;
    const std::uint64_t failed_before = failed_;
    const auto end = measure_until(begin + to_steady(given_.duration));
    const std::uint64_t finished = finished_ - finished_before;
    const std::uint64_t failed = failed_ - failed_before;
    if (finished == 0)
      throw server_problem("not one handshake has finished" +
                           (last_problem_.empty() ? "" : "; " + last_problem_));
    if (failed > 0)
      std::fprintf(stderr, "load_client: %s\n", last_problem_.c_str());
    const double rate = static_cast<double>(finished) / seconds{end - begin}.count();
    return "{\"handshakes_per_second\":" + to_text(rate) +
           ",\"failed\":" + std::to_string(failed) + "}";
  }

private:
  steady::time_point measure_until(steady::time_point until) {
    while (now_ < until) {
      // Counted beforehand, so that refusals in `open` cannot keep us here for ever.
      for (std::size_t missing = given_.in_flight - in_flight_; missing > 0; --missing) {
        ++in_flight_;
        open();
      }
      step(until);
    }
    return now_;
  }

  void on_ready(peer& remote) override {
    if (!given_.until_pong)
      finish(remote);
  }

  void on_pongs(peer& remote, std::size_t) override { finish(remote); }

  void on_failure(peer& remote, const std::string& why) override {
    ++failed_;
    last_problem_ = why;
    --in_flight_;
    close(remote);
  }

  void finish(peer& remote) {
    ++finished_;
    --in_flight_;
    close(remote);
  }

  std::size_t in_flight_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t failed_ = 0;
  std::string last_problem_;
};

/// Sends units of eight blocks and a ping; a pong confirms all bytes of its unit.
class throughput_load : public load {
public:
  explicit throughput_load(const options& given) : load(given) {
    put_message(block_, make_command("block"), make_block(given.size));
    unit_size_ = blocks_per_unit * block_.size() + ping_size;
  }

  std::string run() override {
    open_all(given_.connections, most_opening);
    for (const auto& remote : peers_)
      if (remote)
        pump(*remote);
    last_pong_ = steady::now();
    run_until(last_pong_ + to_steady(warm_up));
    // From pong to pong: a unit that is only half way counts on neither side.
    const auto begin = last_pong_;
    const std::uint64_t count_before = pong_count_;
    run_until(now_ + to_steady(given_.duration));
    const seconds taken = last_pong_ - begin;
    if (pong_count_ == count_before)
      throw server_problem("not one pong has come while measuring");
    const double sent =
      static_cast<double>(pong_count_ - count_before) * static_cast<double>(unit_size_);
    return "{\"megabytes_per_second\":" + to_text(sent / 1e6 / taken.count()) + "}";
  }

private:
  static constexpr std::size_t blocks_per_unit = 8;
  static constexpr std::size_t most_outstanding = 16;

  void on_ready(peer&) override {}

  void on_pongs(peer& remote, std::size_t) override {
    last_pong_ = now_;
    pump(remote);
  }

  void on_writable(peer& remote) override {
    // Still shaking hands, or only a late pong has been flushed.
    if (remote.at == stage::ready)
      pump(remote);
  }

  /// Sends as much as the socket takes or the limit of outstanding pongs allows.
  void pump(peer& remote) {
    for (;;) {
      if (!remote.inside_message) {
        if (!flush(remote))
          return;
        if (remote.outstanding == most_outstanding)
          return watch(remote, EPOLLIN);
        remote.inside_message = true;
        remote.unit_sent = 0;
        ++remote.outstanding;
      }
      if (!send_unit(remote))
        return watch(remote, EPOLLIN | EPOLLOUT);
      remote.inside_message = false;
      remote.next_ping = ring_.after(remote.next_ping, 1);
    }
  }

  /// Returns whether the unit is out as a whole.
  bool send_unit(peer& remote) {
    std::array<iovec, blocks_per_unit + 1> parts;
    std::size_t part_count = 0;
    std::size_t skip = remote.unit_sent;
    const auto add = [&](std::span<const byte> data) {
      const std::size_t gone = std::min(skip, data.size());
      skip -= gone;
      if (gone < data.size()) // iovec knows no const; sending changes nothing
        parts[part_count++] = {const_cast<byte*>(data.data() + gone), data.size() - gone};
    };
    for (std::size_t i = 0; i < blocks_per_unit; ++i)
      add(block_);
    add(ring_.pings(remote.next_ping, 1));
    const ssize_t sent =
      ::writev(remote.descriptor, parts.data(), static_cast<int>(part_count));
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      on_failure(remote, std::string{"writev: "} + std::strerror(errno));
    if (sent > 0)
      remote.unit_sent += static_cast<std::size_t>(sent);
    return remote.unit_sent == unit_size_;
  }

  bytes block_;
  std::size_t unit_size_ = 0;
  steady::time_point last_pong_;
};

/// Opens many connections, leaves them alone, and looks at the memory of the server.
class idle_load : public load {
public:
  using load::load;

  std::string run() override {
    // One peer comes first and is not counted: with it the server has touched the code
    // and the libraries that any number of peers shares.
    open_all(1, 1);
    wait_until_quiet(0.5s);
    const double before = resident_bytes();
    open_all(given_.connections, given_.in_flight);
    wait_until_quiet(2s);
    const double per_peer =
      (resident_bytes() - before) / static_cast<double>(given_.connections);
    return "{\"connections\":" + std::to_string(given_.connections) +
           ",\"resident_bytes_per_peer\":" + to_text(per_peer) + "}";
  }

private:
  static constexpr seconds quiet_limit = 30s;

  void on_ready(peer&) override {}
  void on_pongs(peer&, std::size_t) override {}

  void wait_until_quiet(seconds quiet_time) {
    const auto deadline = steady::now() + to_steady(quiet_limit);
    last_bytes_ = steady::now();
    do {
      step(last_bytes_ + to_steady(quiet_time));
      if (now_ >= deadline)
        throw server_problem("the server does not become quiet");
    } while (now_ - last_bytes_ < quiet_time);
  }

  double resident_bytes() const {
    const std::string folder = "/proc/" + std::to_string(given_.server_process);
    std::ifstream rollup{folder + "/smaps_rollup"};
    for (std::string word; rollup >> word;) {
      double kibibytes = 0;
      if (word == "Rss:" && rollup >> kibibytes)
        return kibibytes * 1024;
    }
    std::ifstream pages{folder + "/statm"}; // less exact, but always there
    double total = 0;
    double resident = 0;
    if (!(pages >> total >> resident))
      throw server_problem("--pid " + std::to_string(given_.server_process) +
                           ": cannot read its memory use");
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
};

/// Holds many connections. Measures the pings of some of them whenever a line comes on
/// stdin, so that who has sent it can compare; ends with stdin.
class held_load : public load {
public:
  using load::load;

  std::string run() override {
    open_all(given_.connections, given_.in_flight);
    say("{\"connections\":" + std::to_string(given_.connections) + "}");
    watch_input();
    while (!ended_) {
      ::alarm(static_cast<unsigned>(given_.duration.count() + line_limit.count()));
      const auto deadline = steady::now() + to_steady(line_limit);
      while (!ended_ && lines_ == 0 && now_ < deadline)
        step(deadline);
      if (lines_ == 0)
        break;
      --lines_;
      say(measure());
    }
    return "{}";
  }

private:
  static constexpr std::size_t most_measured = 100;
  static constexpr seconds drain_limit = 10s;
  static constexpr seconds line_limit = 300s; // for the next line on stdin

  static void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
  }

  void on_ready(peer&) override {}

  void on_pongs(peer& remote, std::size_t count) override {
    outstanding_ -= count;
    if (measuring_)
      keep_window(remote, count);
  }

  void on_input() override {
    std::array<char, 64> text;
    const ssize_t size = ::read(STDIN_FILENO, text.data(), text.size());
    ended_ = size <= 0;
    if (size > 0)
      lines_ +=
        static_cast<std::size_t>(std::count(text.begin(), text.begin() + size, '\n'));
  }

  void keep_window(peer& remote, std::size_t count) {
    outstanding_ += count;
    ping(remote, count);
  }

  std::string measure() {
    measuring_ = true;
    std::size_t measured = 0;
    for (const auto& remote : peers_)
      if (remote && measured++ < most_measured)
        keep_window(*remote, given_.window);
    run_until(steady::now() + to_steady(warm_up));
    const auto begin = now_;
    const std::uint64_t count_before = pong_count_;
    run_until(begin + to_steady(given_.duration));
    const seconds taken = now_ - begin;
    const auto count = static_cast<double>(pong_count_ - count_before);
    measuring_ = false;
    const auto deadline = now_ + to_steady(drain_limit);
    while (outstanding_ > 0 && now_ < deadline)
      step(deadline);
    if (outstanding_ > 0)
      throw server_problem("pings are not answered");
    return "{\"pings_per_second\":" + to_text(count / taken.count()) + "}";
  }

  bool measuring_ = false;
  bool ended_ = false;
  std::size_t lines_ = 0;       ///< Asked for, not yet measured.
  std::size_t outstanding_ = 0; ///< Pings of all connections.
};

std::unique_ptr<load> make_load(const options& given) {
  if (given.subcommand == "hold")
    return std::make_unique<held_load>(given);
  if (given.subcommand == "pings")
    return std::make_unique<ping_load>(given);
  if (given.subcommand == "handshakes")
    return std::make_unique<handshake_load>(given);
  if (given.subcommand == "throughput")
    return std::make_unique<throughput_load>(given);
  return std::make_unique<idle_load>(given);
}

} // namespace

int main(int argument_count, char** arguments) {
  const std::span all{arguments, static_cast<std::size_t>(argument_count)};
  if (all.size() == 2 && std::string_view{all[1]} == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  try {
    const options given = parse_options(all);
    // Every wait below has its own end; this is for the ones nobody thought of.
    ::alarm(static_cast<unsigned>(given.duration.count()) + 90);
    std::puts(make_load(given)->run().c_str());
  } catch (const usage_problem& problem) {
    std::fprintf(stderr, "load_client: %s\n%s", problem.what(), usage);
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "load_client: %s\n", problem.what());
    return 1;
  }
  return 0;
}
