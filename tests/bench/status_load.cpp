// SPDX-License-Identifier: MIT
// The readers of the benchmark of the status socket: pollers that ask for /status and
// /peers in turn, and followers of /events, some of which never read. One thread, no code
// of the project. Prints a line when the followers have caught up, and then, after the
// time to measure, one line of JSON; whatever the server does not do ends the program
// with status 1.

#include "tests/bench/program.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <vector>

using namespace bench;

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto warm_up = 1s;
constexpr auto caught_up_silence = 500ms;
constexpr auto set_up_limit = 30s;
/// Of a long answer, at a time: what others say in between must be seen when it comes.
constexpr std::size_t part_bytes = 64 << 10;

struct options {
  sockaddr_in server{};
  std::size_t pollers = 50;
  std::size_t followers = 20;
  std::size_t deaf = 5; ///< Of the followers.
  double interval = 1;  ///< Seconds from one request of a poller to its next.
  double seconds = 20;
};

constexpr const char* usage =
  "usage: status_load ADDR:PORT [--pollers 50] [--followers 20] [--deaf 5]\n"
  "                   [--interval 1] [--seconds 20]\n";

options parse_options(std::span<char*> arguments) {
  if (arguments.size() < 2)
    throw usage_problem("an address is needed");
  options result;
  result.server = parse_address(arguments[1]);
  for (std::size_t i = 2; i < arguments.size(); i += 2) {
    const std::string name = arguments[i];
    if (i + 1 == arguments.size())
      throw usage_problem(name + ": a value is missing");
    const std::string_view value = arguments[i + 1];
    const std::map<std::string, std::size_t*> counts{{"--pollers", &result.pollers},
                                                     {"--followers", &result.followers},
                                                     {"--deaf", &result.deaf}};
    const std::map<std::string, double*> times{{"--interval", &result.interval},
                                               {"--seconds", &result.seconds}};
    if (auto count = counts.find(name); count != counts.end())
      *count->second = parse_number<std::size_t>(name, value, 0, 1000);
    else if (auto time = times.find(name); time != times.end())
      *time->second = parse_number<double>(name, value, 0.01, 3600);
    else
      throw usage_problem(name + ": no such option");
  }
  if (result.deaf > result.followers)
    throw usage_problem("--deaf: there are only so many followers");
  return result;
}

steady::duration to_steady(double seconds) {
  return std::chrono::duration_cast<steady::duration>(
    std::chrono::duration<double>(seconds));
}

/// A connection to the server, blocking to set up and then not.
class connection {
public:
  connection(const sockaddr_in& server, const std::string& first, int receive_buffer) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0)
      throw_errno("socket");
    if (receive_buffer > 0)
      ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                   sizeof receive_buffer);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&server),
                  sizeof server) != 0)
      throw_errno("connect");
    send(first);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(descriptor_); }

  int descriptor() const { return descriptor_; }

  /// Requests are short: there is always room for one.
  void send(const std::string& text) {
    if (::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size()))
      throw_errno("send");
  }

  /// Reads the bytes that are there, up to a limit; 0 if there are none.
  std::size_t receive(std::span<char> into) {
    const ssize_t size = ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
    if (size > 0)
      return static_cast<std::size_t>(size);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
      return 0;
    throw server_problem("the server has closed a connection");
  }

private:
  int descriptor_ = -1;
};

std::string get(const std::string& path, const std::string& more = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

std::string follow() {
  return get("/events?from=1", "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n");
}

/// The rest of an answer, of which only the size is of interest.
class answer {
public:
  /// True when it is complete.
  bool take(std::string_view data) {
    if (!in_body_) {
      head_ += data;
      const auto end = head_.find("\r\n\r\n");
      if (end == head_.npos)
        return false;
      begin_body(head_.substr(0, end));
      data = data.substr(data.size() - (head_.size() - end - 4));
    }
    if (data.size() > missing_)
      throw server_problem("more has come than was asked for");
    missing_ -= data.size();
    return missing_ == 0;
  }

  std::size_t size() const { return size_; }

private:
  void begin_body(const std::string& head) {
    if (!head.starts_with("HTTP/1.1 200 "))
      throw server_problem("instead of 200: " + head.substr(0, head.find('\r')));
    constexpr std::string_view field = "Content-Length: ";
    const auto at = head.find(field);
    if (at == head.npos)
      throw server_problem("an answer without a length");
    const auto from = at + field.size();
    size_ = parse_number<std::size_t>(
      "Content-Length", std::string_view{head}.substr(from, head.find('\r', from) - from),
      0, 1 << 30);
    missing_ = size_;
    in_body_ = true;
  }

  std::string head_;
  bool in_body_ = false;
  std::size_t size_ = 0;
  std::size_t missing_ = 0;
};

/// Asks for one thing and then for the other. A request is due once in an interval; that
/// which falls into the time of another, whose answer has not come yet, is left out.
struct poller {
  std::unique_ptr<connection> link;
  bool wants_peers = false; ///< With its next request.
  steady::time_point due;
  steady::time_point asked_at;
  bool waiting = false;
  answer coming;
};

struct latencies {
  std::vector<double> milliseconds;

  double quantile(double q) {
    if (milliseconds.empty())
      throw server_problem("not one answer has come");
    std::ranges::sort(milliseconds);
    const auto size = static_cast<double>(milliseconds.size());
    return milliseconds[static_cast<std::size_t>(std::ceil(q * size)) - 1];
  }

  std::string json(const std::string& name) {
    return "\"" + name + "_requests\":" + std::to_string(milliseconds.size()) + ",\"" +
           name + "_p50_ms\":" + to_text(quantile(0.5)) + ",\"" + name +
           "_p99_ms\":" + to_text(quantile(0.99)) + ",\"" + name +
           "_max_ms\":" + to_text(quantile(1));
  }
};

class readers {
public:
  explicit readers(const options& given) : given_(given), buffer_(part_bytes) {
    take_all_descriptors();
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0)
      throw_errno("epoll_create1");
    constexpr int little = 4096; // soon full
    for (std::size_t i = 0; i < given.followers; ++i) {
      const bool is_deaf = i < given.deaf;
      followers_.push_back(
        std::make_unique<connection>(given.server, follow(), is_deaf ? little : 0));
      if (!is_deaf)
        watch(*followers_.back(), i);
    }
    const auto begin = steady::now();
    for (std::size_t i = 0; i < given.pollers; ++i) {
      poller fresh;
      fresh.link = std::make_unique<connection>(given.server, "", 0);
      watch(*fresh.link, given.followers + i);
      fresh.wants_peers = i % 2 == 1;
      fresh.due = begin + to_steady(given.interval * static_cast<double>(i) /
                                    static_cast<double>(given.pollers));
      pollers_.push_back(std::move(fresh));
    }
  }
  readers(const readers&) = delete;
  readers& operator=(const readers&) = delete;
  ~readers() { ::close(epoll_); }

  std::string run() {
    const auto begin = steady::now();
    last_event_ = begin;
    while (now_ < begin + warm_up || now_ - last_event_ < caught_up_silence) {
      step(begin + set_up_limit);
      if (now_ > begin + set_up_limit)
        throw server_problem("events come without end");
    }
    std::puts("{\"caught_up\":true}");
    std::fflush(stdout);
    measuring_ = true;
    const auto until = steady::now() + to_steady(given_.seconds);
    while (now_ < until)
      step(until);
    return "{" + status_.json("status") + "," + peers_.json("peers") +
           ",\"peers_bytes\":" + std::to_string(peers_bytes_) +
           ",\"event_bytes\":" + std::to_string(event_bytes_) + "}";
  }

private:
  void watch(const connection& what, std::size_t number) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, what.descriptor(), &event) != 0)
      throw_errno("epoll_ctl");
  }

  void step(steady::time_point until) {
    for (auto& x : pollers_)
      if (!x.waiting) {
        if (x.due <= steady::now())
          ask(x);
        else
          until = std::min(until, x.due);
      }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now());
    std::array<epoll_event, 128> events;
    const int count =
      ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                   static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 100)));
    if (count < 0 && errno != EINTR)
      throw_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const auto number = events[static_cast<std::size_t>(i)].data.u64;
      if (number < followers_.size())
        on_event(*followers_[number]);
      else
        on_answer(pollers_[number - followers_.size()]);
    }
    now_ = steady::now();
  }

  void ask(poller& x) {
    x.asked_at = steady::now();
    x.waiting = true;
    x.coming = {};
    x.link->send(get(x.wants_peers ? "/peers" : "/status"));
  }

  void on_answer(poller& x) {
    const auto size = x.link->receive(buffer_);
    if (size == 0 || !x.coming.take({buffer_.data(), size}))
      return;
    x.waiting = false;
    do
      x.due += to_steady(given_.interval);
    while (x.due <= steady::now());
    if (measuring_) {
      auto& those = x.wants_peers ? peers_ : status_;
      those.milliseconds.push_back(milliseconds{steady::now() - x.asked_at}.count());
      peers_bytes_ = x.wants_peers ? x.coming.size() : peers_bytes_;
    }
    x.wants_peers = !x.wants_peers;
  }

  void on_event(connection& x) {
    event_bytes_ += x.receive(buffer_);
    last_event_ = steady::now();
  }

  const options& given_;
  std::vector<char> buffer_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<connection>> followers_;
  std::vector<poller> pollers_;
  steady::time_point now_ = steady::now();
  steady::time_point last_event_;
  bool measuring_ = false;
  latencies status_;
  latencies peers_;
  std::size_t peers_bytes_ = 0; ///< Of the last answer.
  std::size_t event_bytes_ = 0;
};

} // namespace

int main(int argument_count, char** arguments) {
  try {
    const auto given =
      parse_options({arguments, static_cast<std::size_t>(argument_count)});
    ::alarm(static_cast<unsigned>(given.seconds) + 60); // if a wait has no end
    std::puts(readers{given}.run().c_str());
  } catch (const usage_problem& problem) {
    std::fprintf(stderr, "status_load: %s\n%s", problem.what(), usage);
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "status_load: %s\n", problem.what());
    return 1;
  }
  return 0;
}
