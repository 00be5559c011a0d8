// SPDX-License-Identifier: MIT
#include "app/commands/node_command.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace peerage {

namespace {

/// An ordered stop takes 5 s at most.
constexpr std::chrono::milliseconds longest_stop{10'000};

constexpr auto stop_footer = R"(
As SIGTERM does: peers end, and what has changed is saved. It returns when the
process of the node is gone, so that the next one can start.
)";

/// A process, seen even if it ends before we look; for a pid of this machine.
class watched_process {
public:
  explicit watched_process(pid_t pid)
      : descriptor_(pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1) {}
  watched_process(const watched_process&) = delete;
  watched_process& operator=(const watched_process&) = delete;
  ~watched_process() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }

  /// False for one in another container.
  bool is_seen() const { return descriptor_ >= 0; }

  /// Whether it ends within this time.
  bool await_end(std::chrono::milliseconds limit) const {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
      pollfd end{descriptor_, POLLIN, 0};
      const auto ready =
        ::poll(&end, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
      if (ready >= 0 || errno != EINTR)
        return ready > 0;
    }
  }

private:
  int descriptor_;
};

int stop_node(const node_command_arguments& from) {
  node_client node{from.node.read()};
  const auto status = node.get_json("/status");
  const auto number = status.value("/node/pid"_json_pointer, std::int64_t{0});
  const watched_process process{static_cast<pid_t>(number)};
  node.call("stop", rpc_json::array());
  if (!process.is_seen())
    return print("the node stops\n");
  const auto name = "the node, process " + std::to_string(number) + ", ";
  if (process.await_end(longest_stop))
    return print(name + "has stopped\n");
  throw early_exit{node_exit::answered_with_error,
                   "peerage: " + name + "still runs 10 s after it was told to stop"};
}

} // namespace

command stop_command(CLI::App& program) {
  auto line = program.add_subcommand("stop", "Stop the node in order");
  line->group(command_group::steer);
  line->footer(std::string(stop_footer) + node_exit_help);
  auto from =
    std::make_shared<node_command_arguments>(*line, node_arguments::needs::cookie);
  return {line, [from] { return stop_node(*from); }};
}

} // namespace peerage
