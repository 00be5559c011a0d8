#pragma once

#include "tests/bench/load/load.hpp"

#include <sys/epoll.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace load_client {

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

} // namespace load_client
