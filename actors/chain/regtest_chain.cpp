// SPDX-License-Identifier: MIT
#include "actors/chain/regtest_chain.hpp"

#include "messages/wire/codec.hpp"
#include "messages/wire/header_work.hpp"
#include "messages/wire/network.hpp"

#include <algorithm>
#include <cstring>

namespace peerage {

namespace {

constexpr std::uint32_t genesis_time = 1'296'688'602;
constexpr std::uint32_t block_spacing = 600; ///< Seconds.
constexpr std::uint64_t first_subsidy = 50'0000'0000;
constexpr std::size_t halving_interval = 150; ///< Of regtest.

/// The one transaction of every Bitcoin network's first block.
constexpr std::string_view genesis_coinbase =
  "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04"
  "ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e20"
  "6272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01"
  "000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4c"
  "ef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";

template <class T>
void append_number(std::vector<std::byte>& out, T x) {
  const auto* first = reinterpret_cast<const std::byte*>(&x);
  out.insert(out.end(), first, first + sizeof x);
}

/// A coinbase that pays to anyone; its script starts with the height (BIP 34).
std::vector<std::byte> coinbase_of(std::size_t height, std::uint64_t seed) {
  std::vector<std::byte> script;
  if (height <= 16) {
    script.push_back(static_cast<std::byte>(0x50 + height)); // OP_1 … OP_16
  } else {
    std::vector<std::byte> number;
    for (auto rest = height; rest > 0; rest >>= 8)
      number.push_back(static_cast<std::byte>(rest & 0xff));
    if ((number.back() & std::byte{0x80}) != std::byte{0})
      number.push_back(std::byte{0});
    script.push_back(static_cast<std::byte>(number.size()));
    script.insert(script.end(), number.begin(), number.end());
  }
  script.push_back(std::byte{8});
  append_number(script, seed);

  std::vector<std::byte> result;
  append_number(result, std::uint32_t{1});
  result.push_back(std::byte{1});
  result.resize(result.size() + 32);
  append_number(result, std::uint32_t{0xffffffff});
  result.push_back(static_cast<std::byte>(script.size()));
  result.insert(result.end(), script.begin(), script.end());
  append_number(result, std::uint32_t{0xffffffff});
  result.push_back(std::byte{1});
  append_number(result, first_subsidy >> (height / halving_interval));
  result.push_back(std::byte{1});
  result.push_back(std::byte{0x51}); // OP_TRUE
  append_number(result, std::uint32_t{0});
  return result;
}

} // namespace

void regtest_chain::append(const wire::block_header& header,
                           const std::vector<std::byte>& coinbase) {
  std::vector<std::byte> bytes;
  wire::encode_payload(wire::headers{{header}}, bytes);
  bytes.erase(bytes.begin());  // the count of headers
  bytes.back() = std::byte{1}; // now the count of transactions
  bytes.insert(bytes.end(), coinbase.begin(), coinbase.end());
  auto hash = header.hash();
  heights_[hash] = blocks_.size();
  hashes_.push_back(hash);
  blocks_.push_back({wire::slice::adopt(std::move(bytes))});
}

std::shared_ptr<const regtest_chain> regtest_chain::generate(std::size_t blocks,
                                                             std::uint64_t seed) {
  auto chain = std::make_shared<regtest_chain>();
  std::vector<std::byte> coinbase;
  wire::from_hex(genesis_coinbase, coinbase);
  wire::block_header header;
  header.version = 1;
  header.merkle_root = wire::double_sha256(coinbase);
  header.time = genesis_time;
  header.bits = wire::parameters(wire::network::regtest).easiest_bits;
  header.nonce = 2;
  chain->append(header, coinbase);
  const auto target = wire::target_of(header.bits).value();
  for (std::size_t height = 1; height <= blocks; ++height) {
    coinbase = coinbase_of(height, seed);
    header.version = 0x20000000;
    header.previous = chain->hashes_.back();
    header.merkle_root = wire::double_sha256(coinbase);
    header.time += block_spacing;
    header.nonce = 0;
    while (!wire::meets(header.hash(), target))
      ++header.nonce;
    chain->append(header, coinbase);
  }
  return chain;
}

std::optional<std::size_t> regtest_chain::find(const wire::hash256& hash) const {
  auto found = heights_.find(hash);
  return found == heights_.end() ? std::nullopt : std::optional(found->second);
}

regtest_chain::range regtest_chain::after(const std::vector<wire::hash256>& locator,
                                          const wire::hash256& stop,
                                          std::size_t limit) const {
  auto last = find(stop);
  if (locator.empty())
    return last ? range{*last, 1} : range{};
  std::size_t known = 0;
  for (const auto& hash : locator) {
    if (auto height = find(hash)) {
      known = *height;
      break;
    }
  }
  auto end = last && *last > known ? *last : height();
  return {known + 1, std::min(end - known, limit)};
}

} // namespace peerage
