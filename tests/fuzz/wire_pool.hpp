// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/envelope.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "messages/wire/header_work.hpp"
#include "messages/wire/network.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/support/random_messages.hpp"

#include <utility>

namespace peerage::fuzz {

/// A few blocks and transactions: as there are few, what is asked for and what comes meet
/// often.
class wire_pool {
public:
  static constexpr std::size_t block_count = 5;
  static constexpr std::size_t transaction_count = 3;

  wire_pool() {
    test::message_generator random{1};
    wire::hash256 previous = network.genesis;
    const auto target = *wire::target_of(network.easiest_bits);
    for (std::size_t i = 0; i < block_count; ++i) {
      auto header = random.header();
      header.previous = previous;
      header.bits = network.easiest_bits;
      while (!wire::meets(header.hash(), target))
        ++header.nonce;
      previous = header.hash();
      headers.push_back(header);
      std::vector<std::byte> bytes;
      wire::encode_header(header, bytes);
      bytes.push_back(std::byte{1});
      for (auto byte : random.transaction(true))
        bytes.push_back(byte);
      blocks.push_back({wire::slice::adopt(std::move(bytes))});
      hashes.push_back(previous);
    }
    for (std::size_t i = 0; i < transaction_count; ++i) {
      transactions.push_back({wire::slice::adopt(random.transaction(i > 0))});
      hashes.push_back(transactions.back().txid());
      hashes.push_back(transactions.back().wtxid());
    }
    hashes.push_back(network.genesis);
    hashes.push_back({});
  }

  const wire::network_parameters& network = wire::parameters(wire::network::regtest);
  std::vector<wire::block_header> headers; ///< A chain on top of genesis.
  std::vector<wire::block> blocks;         ///< With these headers.
  std::vector<wire::tx> transactions;
  std::vector<wire::hash256> hashes; ///< Of all of them, of genesis, and zero.

  // -- drawn ---------------------------------------------------------------------------

  const wire::hash256& hash(fuzz_input& in) const { return in.pick(hashes); }

  std::vector<wire::hash256> some_hashes(fuzz_input& in) const {
    std::vector<wire::hash256> result(in.below(5));
    for (auto& x : result)
      x = hash(in);
    return result;
  }

  std::vector<wire::inventory_entry> inventory(fuzz_input& in) const {
    static constexpr std::uint32_t types[] = {
      wire::inv_tx,           wire::inv_block,      wire::inv_filtered_block,
      wire::inv_wtx,          wire::inv_witness_tx, wire::inv_compact_block,
      wire::inv_witness_block};
    std::vector<wire::inventory_entry> result(in.below(5));
    const bool of_one_type = in.coin();
    auto type = in.pick(types);
    for (auto& x : result) {
      if (!of_one_type)
        type = in.pick(types);
      x = {type, hash(in)};
    }
    return result;
  }

  /// Some headers of the chain, at times in a wrong order, or without work.
  std::vector<wire::block_header> some_headers(fuzz_input& in) const {
    const auto first = in.below(block_count), count = in.below(block_count - first + 1);
    std::vector<wire::block_header> result(
      headers.begin() + static_cast<std::ptrdiff_t>(first),
      headers.begin() + static_cast<std::ptrdiff_t>(first + count));
    if (in.rarely(16))
      std::ranges::reverse(result);
    if (in.rarely(32) && !result.empty())
      result.back().bits = in.number<std::uint32_t>();
    return result;
  }

  static std::vector<wire::network_address> addresses(fuzz_input& in) {
    static constexpr std::pair<std::uint8_t, std::size_t> networks[] = {
      {1, 4}, {2, 16}, {4, 32}, {5, 32}, {6, 16}, {0x7f, 3}};
    std::vector<wire::network_address> result(in.below(4));
    for (auto& x : result) {
      const auto [id, length] = in.pick(networks);
      x.time = in.byte();
      x.services = in.byte();
      x.network_id = id;
      x.bytes.assign(length, in.byte());
      x.port = in.byte();
    }
    return result;
  }
};

/// The messages that an outbox has, read as its remote reads them.
class sent_messages {
public:
  sent_messages(wire::outbox& from, std::uint32_t magic) {
    if (from.empty())
      return;
    wire::frame_decoder decoder{magic};
    decoder.set_payload_limit(wire::limits::payload);
    for (const auto& bytes : from.take())
      decoder.feed(bytes.view(), frames_);
    require(decoder.error() == wire::frame_error::none && !decoder.mid_message(),
            "only whole messages are sent");
    for (const auto& frame : frames_) {
      require(frame.checksum_ok(), "with their checksums");
      if (is_old_ping(frame))
        messages_.emplace_back(wire::opaque{frame.type, {}});
      else
        require(wire::decode(frame.type, frame.payload, messages_.emplace_back()) ==
                  wire::decode_result::ok,
                "that the remote can read");
    }
  }

  auto begin() const { return messages_.begin(); }
  auto end() const { return messages_.end(); }
  std::size_t size() const { return messages_.size(); }
  bool empty() const { return messages_.empty(); }

  template <class T>
  std::size_t count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
      messages_, [](const auto& x) { return std::holds_alternative<T>(x); }));
  }

private:
  /// From before BIP 31: it has no nonce, and no answer.
  static bool is_old_ping(const wire::frame& x) {
    return x.type == wire::command::ping && x.payload.empty();
  }

  std::vector<wire::frame> frames_;
  std::vector<wire::message> messages_;
};

/// A message as it comes from a remote.
inline wire::frame frame_of(wire::command type, std::vector<std::byte> payload) {
  wire::frame result;
  result.type = type;
  result.payload = wire::slice::adopt(std::move(payload));
  result.checksum = wire::checksum(result.payload.view());
  result.intact = true;
  return result;
}

inline wire::frame frame_of(const wire::message& x) {
  std::vector<std::byte> payload;
  wire::encode_payload(x, payload);
  return frame_of(wire::command_of(x), std::move(payload));
}

/// Inputs of targets that draw steps: any bytes are some.
inline std::vector<std::vector<std::uint8_t>> random_steps() {
  std::vector<std::vector<std::uint8_t>> result(32);
  std::mt19937_64 engine{1};
  for (std::size_t i = 0; i < result.size(); ++i)
    for (std::size_t size = 16 * (i + 1); size > 0; --size)
      result[i].push_back(static_cast<std::uint8_t>(engine()));
  return result;
}

} // namespace peerage::fuzz
