// SPDX-License-Identifier: MIT
#include "tests/interop/bcoin_node.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <stdexcept>

namespace peerage::test {

namespace {

constexpr std::size_t log_tail = 2'000; ///< Bytes of it that an error message shows.

[[noreturn]] void fail_system(const char* what, int error) {
  throw std::runtime_error(std::string("bcoin_node: ") + what + ": " +
                           std::strerror(error));
}

bool is_free(std::uint16_t port) {
  int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int yes = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::close(probe);
  return bound;
}

/// A port below the range of ephemeral ones: while bcoin is down, no outgoing connection
/// may take its port, least of all our own dial of that very port (Linux would connect it
/// to itself).
std::uint16_t choose_port() {
  std::random_device random;
  for (int tries = 0; tries < 100; ++tries) {
    auto port = static_cast<std::uint16_t>(20'000 + random() % 10'000);
    if (is_free(port))
      return port;
  }
  throw std::runtime_error("bcoin_node: no free port found");
}

} // namespace

bcoin_node::bcoin_node(std::vector<std::string> options)
    : options_(std::move(options)), port_(choose_port()) {
  const char* directory = std::getenv("PEERAGE_BCOIN_DIR");
  if (!directory)
    throw std::runtime_error("bcoin_node: PEERAGE_BCOIN_DIR is not set; run_bcoin.sh, "
                             "which ctest starts, installs bcoin and sets it");
  directory_ = directory;
  log_path_ = directory_ + "/bcoin.log";
  start();
}

bcoin_node::~bcoin_node() {
  kill();
}

void bcoin_node::start() {
  int in[2];
  int out[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
    fail_system("socketpair", errno);
  if (::pipe2(out, O_CLOEXEC) != 0)
    fail_system("pipe2", errno);
  orders_ = in[0];
  lines_ = out[0];
  spawn(in[1], out[1]);
  ::close(in[1]);
  ::close(out[1]);
  ended_ = false;
  answers_.clear();
  events_.clear();
  reader_ = std::thread([this, from = lines_] { read_lines(from); });
  try {
    wait_event("ready");
  } catch (...) {
    kill(); // a constructor that throws has no destructor
    throw;
  }
}

void bcoin_node::spawn(int child_in, int child_out) {
  std::vector<std::string> words{"node", "node.js", "--host", "127.0.0.1", "--port",
                                 std::to_string(port_),
                                 // Seconds: tests wait for announcements.
                                 "--inv-interval", "0.1"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, child_in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, child_out, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path_.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
  // A socket of the test that the child inherited would stay open when the test closes
  // it.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory_.c_str());
  int error = ::posix_spawnp(&pid_, "node", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    fail_system("cannot start node", error);
  }
}

void bcoin_node::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  if (reader_.joinable())
    reader_.join(); // it has read the end
  for (int* fd : {&orders_, &lines_}) {
    if (*fd >= 0)
      ::close(*fd);
    *fd = -1;
  }
}

void bcoin_node::read_lines(int from) {
  std::string pending;
  char buffer[4096];
  for (;;) {
    auto count = ::read(from, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    pending.append(buffer, static_cast<std::size_t>(count));
    for (auto end = pending.find('\n'); end != std::string::npos;
         end = pending.find('\n')) {
      take_line(pending.substr(0, end));
      pending.erase(0, end + 1);
    }
  }
  std::lock_guard guard{mutex_};
  ended_ = true;
  changed_.notify_all();
}

void bcoin_node::take_line(const std::string& line) {
  auto said = json::parse(line, nullptr, false);
  const bool is_answer =
    said.is_object() && said.contains("id") && said["id"].is_number_unsigned();
  std::lock_guard guard{mutex_};
  if (said.is_object() && said.contains("event")) {
    events_.push_back(std::move(said));
  } else if (is_answer) {
    auto id = said["id"].get<std::uint64_t>();
    answers_[id] = std::move(said);
  } else { // nothing else is ever said; a waiter sees it in the error
    events_.push_back({{"event", "not understood"}, {"line", line}});
  }
  changed_.notify_all();
}

bcoin_node::json bcoin_node::command(json order, milliseconds limit) {
  auto id = ++last_id_;
  order["id"] = id;
  auto text = order.dump() + '\n';
  // Orders are short and read at once: one call takes them whole.
  if (::send(orders_, text.data(), text.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(text.size()))
    fail("could not be told " + text);
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, limit, [&] { return ended_ || answers_.contains(id); });
  auto found = answers_.extract(id);
  lock.unlock();
  if (found.empty())
    fail("gave no answer to " + text);
  if (!found.mapped().value("ok", false))
    fail("could not " + text + found.mapped().dump());
  return std::move(found.mapped());
}

bcoin_node::json bcoin_node::wait_event(const std::string& name,
                                        const std::function<bool(const json&)>& fits,
                                        milliseconds limit) {
  std::optional<json> result;
  auto take = [&] {
    auto found = std::ranges::find_if(
      events_, [&](const json& x) { return x["event"] == name && (!fits || fits(x)); });
    if (found == events_.end())
      return false;
    result = std::move(*found);
    events_.erase(found);
    return true;
  };
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, limit, [&] { return take() || ended_; });
  if (result)
    return std::move(*result);
  std::string others;
  for (const auto& event : events_)
    others += "\n  " + event.dump();
  lock.unlock();
  fail("reported no (fitting) event '" + name + "'; what it did report:" + others);
}

void bcoin_node::fail(const std::string& what) const {
  std::ifstream file{log_path_};
  std::string log{std::istreambuf_iterator<char>{file}, {}};
  if (log.size() > log_tail)
    log.erase(0, log.size() - log_tail);
  throw std::runtime_error("bcoin at port " + std::to_string(port_) + " " + what +
                           "\nend of " + log_path_ + ":\n" + log);
}

} // namespace peerage::test
