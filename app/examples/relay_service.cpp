// SPDX-License-Identifier: MIT
// Serves the blocks of a directory to whoever connects: one file per block, with its
// bytes as they are on the wire, named as you like.
//
//   relay_service DIRECTORY ADDRESS:PORT
#include <peerage/node.hpp>
#include <peerage/wire.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

using namespace peerage;

namespace {

/// The blocks that form a chain, from the one behind genesis on.
std::vector<wire::block> read_chain(const char* folder, wire::hash256 tip) {
  std::map<wire::hash256, wire::block> by_previous;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    const wire::block found{wire::slice::copy_of(std::as_bytes(std::span{bytes}))};
    by_previous[found.header().previous] = found;
  }
  std::vector<wire::block> result;
  for (auto x = by_previous.find(tip); x != by_previous.end();
       x = by_previous.find(tip)) {
    tip = x->second.hash();
    result.push_back(x->second);
  }
  return result;
}

} // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 3) {
    std::fputs("usage: relay_service DIRECTORY ADDRESS:PORT\n", stderr);
    return 2;
  }
  try {
    node_options options;
    options.listen = {arguments[2]};
    const auto genesis = wire::parameters(wire::network::regtest).genesis;
    const auto chain = read_chain(arguments[1], genesis);
    options.identity.services = 1 | 1 << 3; // NODE_NETWORK, NODE_WITNESS
    options.identity.start_height = static_cast<std::int32_t>(chain.size());
    options.service.on_headers = [&chain](const serve_headers& x) {
      const auto known =
        std::ranges::find_first_of(x.locator, chain, {}, {}, &wire::block::hash);
      auto from = known == x.locator.end()
                    ? chain.begin()
                    : std::ranges::find(chain, *known, &wire::block::hash) + 1;
      headers result;
      for (; from != chain.end() && result.entries.size() < 2'000; ++from)
        result.entries.push_back(from->header());
      return result;
    };
    options.service.on_block =
      [&chain](const serve_block& x) -> std::optional<wire::block> {
      const auto found = std::ranges::find(chain, x.hash, &wire::block::hash);
      return found == chain.end() ? std::nullopt : std::optional{*found};
    };
    const node node{options};
    std::printf("serving %zu blocks at %s; Enter stops\n", chain.size(),
                node.listening().front().c_str());
    std::fflush(stdout);
    std::getchar();
  } catch (const std::exception& problem) { // node_error, filesystem_error
    std::fprintf(stderr, "relay_service: %s\n", problem.what());
    return 1;
  }
  return 0;
}
