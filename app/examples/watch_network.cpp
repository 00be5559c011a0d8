// SPDX-License-Identifier: MIT
// Prints the peers that come and go, and what they announce, until Ctrl-C.
//
//   watch_network [NETWORK [ADDRESS:PORT…]]
//
// Without addresses it finds its peers by itself.
#include <peerage/node.hpp>

#include <csignal>
#include <cstdio>
#include <string>

namespace {

void print(const peerage::event& x) {
  const std::string type{to_string(x.type)};
  const std::string place = x.address.port == 0 ? "" : to_string(x.address);
  std::printf("%-18s %-24s %s %s\n", type.c_str(), place.c_str(), x.user_agent.c_str(),
              x.reason.c_str());
  std::fflush(stdout);
}

void print_announced(const peerage::inventory_announced& x) {
  for (const auto& entry : x.entries)
    std::printf("%-18s peer %-19llu %s\n", entry.is_block() ? "block" : "transaction",
                static_cast<unsigned long long>(x.peer), to_string(entry.hash).c_str());
  std::fflush(stdout);
}

} // namespace

int main(int argument_count, char** arguments) {
  // Before any thread starts: the signals are for sigwait below.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  try {
    peerage::node_options options;
    options.network = argument_count > 1 ? arguments[1] : "regtest";
    for (int i = 2; i < argument_count; ++i)
      options.connect.emplace_back(arguments[i]);
    options.discover = options.connect.empty();
    options.service.on_inventory = print_announced;
    options.on_event = print;
    peerage::log_to(
      [](const peerage::log::line& x) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(x.text.size()), x.text.data());
      },
      peerage::log::level::warn);
    const peerage::node node{options};
    int signal = 0;
    sigwait(&stop, &signal);
    std::puts("stopping");
  } catch (const peerage::node_error& problem) {
    std::fprintf(stderr, "watch_network: %s\n", problem.what());
    return 1;
  }
  return 0;
}
