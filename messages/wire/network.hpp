// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/hash.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace peerage::wire {

enum class network : std::uint8_t { main, testnet, testnet4, signet, regtest };

/// The parameters that differ between networks. Source: each network's chain parameters.
struct network_parameters {
  network id;
  std::string_view name;      ///< As in `--network`.
  std::uint32_t magic;        ///< First four bytes of every message, read little-endian.
  std::uint16_t port;         ///< Where nodes of this network listen.
  hash256 genesis;            ///< Hash of its first block.
  std::uint32_t easiest_bits; ///< The highest target of its blocks, in compact form.
  std::span<const std::string_view> seeds; ///< DNS names that resolve to peers.
};

/// The parameters of a network; they live as long as the program.
const network_parameters& parameters(network id);

/// Looks a network up by name; null if there is none.
const network_parameters* find_network(std::string_view name);

} // namespace peerage::wire
