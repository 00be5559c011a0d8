// SPDX-License-Identifier: MIT
#pragma once

#include "tests/bench/load/load.hpp"

#include <sys/epoll.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bench {

/// Builds a block of one transaction whose script makes up the wanted size.
/// @throws usage_problem if that is not possible.
inline bytes make_block(std::size_t size) {
  constexpr std::size_t block_header_size = 80;
  constexpr std::size_t bytes_around_script = 4 + 1 + 36 + 4 + 1 + 8 + 1 + 1 + 4;
  constexpr std::size_t largest_one_byte_count = 252;
  constexpr std::size_t largest_three_byte_count = 0xffff;
  constexpr std::size_t fixed = block_header_size + 1 + bytes_around_script;

  bytes script_length;
  std::size_t script_size = 0;
  const auto room = [size](std::size_t taken) { return size > taken ? size - taken : 0; };
  if (room(fixed + 5) > largest_three_byte_count) {
    script_size = room(fixed + 5);
    script_length.push_back(0xfe);
    put_integer(script_length, script_size, 4);
  } else if (room(fixed + 3) > largest_one_byte_count &&
             room(fixed + 3) <= largest_three_byte_count) {
    script_size = room(fixed + 3);
    script_length.push_back(0xfd);
    put_integer(script_length, script_size, 2);
  } else {
    throw usage_problem("--size " + std::to_string(size) +
                        ": no block of one transaction has exactly this size");
  }

  bytes transaction;
  put_integer(transaction, 2, 4); // version
  transaction.push_back(1);       // inputs
  transaction.insert(transaction.end(), 32, byte{0});
  put_integer(transaction, 0xffffffff, 4); // with a null hash: the null outpoint
  put_range(transaction, script_length);
  transaction.insert(transaction.end(), script_size, byte{0x51});
  put_integer(transaction, 0xffffffff, 4);    // sequence
  transaction.push_back(1);                   // outputs
  put_integer(transaction, 5'000'000'000, 8); // value
  transaction.push_back(1);                   // script length
  transaction.push_back(0x51);                // OP_TRUE
  put_integer(transaction, 0, 4);             // locktime

  bytes block;
  put_integer(block, 0x20000000, 4);            // version
  block.insert(block.end(), 32, byte{0});       // previous block
  put_range(block, double_sha256(transaction)); // the Merkle root of one transaction
  put_integer(block, 1'700'000'000, 4);         // time
  put_integer(block, 0x207fffff, 4);            // bits
  put_integer(block, 0, 4);                     // nonce
  block.push_back(1);                           // transactions
  put_range(block, transaction);
  return block;
}

/// Sends units of eight blocks and a ping; a pong confirms all bytes of its unit.
class throughput_load : public load {
public:
  explicit throughput_load(const options& given) : load(given) {
    put_message(block_, make_command("block"), make_block(given.size));
    unit_size_ = blocks_per_unit * block_.size() + ping_size;
  }

  std::string run() override {
    open_all(given_.connections, most_opening);
    for (const auto& remote : peers_)
      if (remote)
        pump(*remote);
    last_pong_ = steady::now();
    run_until(last_pong_ + to_steady(warm_up));
    // From pong to pong: a unit that is only half way counts on neither side.
    const auto begin = last_pong_;
    const std::uint64_t count_before = pong_count_;
    run_until(now_ + to_steady(given_.duration));
    const seconds taken = last_pong_ - begin;
    if (pong_count_ == count_before)
      throw server_problem("not one pong has come while measuring");
    const double sent =
      static_cast<double>(pong_count_ - count_before) * static_cast<double>(unit_size_);
    return "{\"megabytes_per_second\":" + to_text(sent / 1e6 / taken.count()) + "}";
  }

private:
  static constexpr std::size_t blocks_per_unit = 8;
  static constexpr std::size_t most_outstanding = 16;

  void on_ready(peer&) override {}

  void on_pongs(peer& remote, std::size_t) override {
    last_pong_ = now_;
    pump(remote);
  }

  void on_writable(peer& remote) override {
    // Still shaking hands, or only a late pong has been flushed.
    if (remote.at == stage::ready)
      pump(remote);
  }

  /// Sends as much as the socket takes or the limit of outstanding pongs allows.
  void pump(peer& remote) {
    for (;;) {
      if (!remote.inside_message) {
        if (!flush(remote))
          return;
        if (remote.outstanding == most_outstanding)
          return watch(remote, EPOLLIN);
        remote.inside_message = true;
        remote.unit_sent = 0;
        ++remote.outstanding;
      }
      if (!send_unit(remote))
        return watch(remote, EPOLLIN | EPOLLOUT);
      remote.inside_message = false;
      remote.next_ping = ring_.after(remote.next_ping, 1);
    }
  }

  /// Returns whether the unit is out as a whole.
  bool send_unit(peer& remote) {
    std::array<iovec, blocks_per_unit + 1> parts;
    std::size_t part_count = 0;
    std::size_t skip = remote.unit_sent;
    const auto add = [&](std::span<const byte> data) {
      const std::size_t gone = std::min(skip, data.size());
      skip -= gone;
      if (gone < data.size()) // iovec knows no const; sending changes nothing
        parts[part_count++] = {const_cast<byte*>(data.data() + gone), data.size() - gone};
    };
    for (std::size_t i = 0; i < blocks_per_unit; ++i)
      add(block_);
    add(ring_.pings(remote.next_ping, 1));
    const ssize_t sent =
      ::writev(remote.descriptor, parts.data(), static_cast<int>(part_count));
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      on_failure(remote, std::string{"writev: "} + std::strerror(errno));
    if (sent > 0)
      remote.unit_sent += static_cast<std::size_t>(sent);
    return remote.unit_sent == unit_size_;
  }

  bytes block_;
  std::size_t unit_size_ = 0;
  steady::time_point last_pong_;
};

} // namespace bench
