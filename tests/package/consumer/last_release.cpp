// SPDX-License-Identifier: MIT
// Downloads all headers of a peer, with a progress bar.
//
//   headers_sync ADDRESS:PORT [NETWORK]
#include <peerage/node.hpp>
#include <peerage/wire.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

void show_progress(std::size_t height, std::size_t of) {
  constexpr std::size_t width = 40;
  const auto done = of == 0 ? width : std::min(height * width / of, width);
  std::printf("\r[%-40s] %zu of %zu headers", std::string(done, '#').c_str(), height, of);
  std::fflush(stdout);
}

} // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fputs("usage: headers_sync ADDRESS:PORT [NETWORK]\n", stderr);
    return 2;
  }
  try {
    peerage::node_options options;
    options.connect = {arguments[1]};
    if (argument_count > 2)
      options.network = arguments[2];
    peerage::node node{options};
    if (!node.wait_for_peers(1, 30s)) {
      std::fprintf(stderr, "headers_sync: %s does not answer\n", arguments[1]);
      return 1;
    }
    const auto peers = node.peers();
    const auto announced =
      peers.empty() ? 0 : static_cast<std::size_t>(std::max(peers[0].start_height, 0));
    std::vector<peerage::wire::hash256> chain{node.network().genesis};
    for (;;) {
      peerage::get_headers next;
      next.locator = {chain.back()};
      const auto found = node.request(next, 30s);
      for (const auto& header : found.value().entries)
        chain.push_back(header.hash());
      show_progress(chain.size() - 1, std::max(announced, chain.size() - 1));
      if (found->entries.empty())
        break;
    }
    std::printf("\nthe best block is %s\n", to_string(chain.back()).c_str());
  } catch (const std::exception& problem) { // node_error, request_failed
    std::fprintf(stderr, "\nheaders_sync: %s\n", problem.what());
    return 1;
  }
  return 0;
}
