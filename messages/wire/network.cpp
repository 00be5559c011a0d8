// SPDX-License-Identifier: MIT
#include "messages/wire/network.hpp"

#include <array>

namespace peerage::wire {

namespace {

constexpr std::array<std::string_view, 9> main_seeds{
  "seed.bitcoin.sipa.be",
  "dnsseed.bluematt.me",
  "seed.bitcoin.jonasschnelli.ch",
  "seed.btc.petertodd.net",
  "seed.bitcoin.sprovoost.nl",
  "dnsseed.emzy.de",
  "seed.bitcoin.wiz.biz",
  "seed.mainnet.achownodes.xyz",
  "dnsseed.bitcoin.dashjr-list-of-p2p-nodes.us",
};
constexpr std::array<std::string_view, 4> testnet_seeds{
  "testnet-seed.bitcoin.jonasschnelli.ch",
  "seed.tbtc.petertodd.net",
  "seed.testnet.bitcoin.sprovoost.nl",
  "testnet-seed.bluematt.me",
};
constexpr std::array<std::string_view, 2> testnet4_seeds{
  "seed.testnet4.bitcoin.sprovoost.nl",
  "seed.testnet4.wiz.biz",
};
constexpr std::array<std::string_view, 2> signet_seeds{
  "seed.signet.bitcoin.sprovoost.nl",
  "seed.signet.achownodes.xyz",
};

hash256 hash_of(std::string_view text) {
  hash256 result;
  parse_hash(text, result);
  return result;
}

const std::array<network_parameters, 5>& all() {
  static const std::array<network_parameters, 5> table{{
    {network::main, "main", 0xd9b4bef9, 8333,
     hash_of("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
     0x1d00ffff, main_seeds},
    {network::testnet, "testnet", 0x0709110b, 18333,
     hash_of("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
     0x1d00ffff, testnet_seeds},
    {network::testnet4, "testnet4", 0x283f161c, 48333,
     hash_of("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
     0x1d00ffff, testnet4_seeds},
    {network::signet, "signet", 0x40cf030a, 38333,
     hash_of("00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"),
     0x1e0377ae, signet_seeds},
    {network::regtest,
     "regtest",
     0xdab5bffa,
     18444,
     hash_of("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
     0x207fffff,
     {}},
  }};
  return table;
}

} // namespace

const network_parameters& parameters(network id) {
  return all()[static_cast<std::size_t>(id)];
}

const network_parameters* find_network(std::string_view name) {
  for (const auto& entry : all())
    if (entry.name == name)
      return &entry;
  return nullptr;
}

} // namespace peerage::wire
