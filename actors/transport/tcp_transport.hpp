// SPDX-License-Identifier: MIT
#pragma once

#include "actors/transport/epoll_loop.hpp"
#include "actors/transport/send_queue.hpp"
#include "actors/transport/transport.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

namespace peerage {

/// A TCP connection: reads on the thread of its loop, and sends from the thread that
/// calls `send` as long as the socket takes everything, so that an answer costs no change
/// of threads.
class tcp_transport : public transport, public watched_socket {
public:
  /// @param descriptor Of a connected socket, owned from now on.
  /// @param clock Gives the times at which bytes moved.
  /// @param pool Where large payloads are read to.
  tcp_transport(int descriptor, const endpoint& remote, const endpoint& local,
                std::uint32_t magic, epoll_loop& loop,
                std::shared_ptr<traffic_totals> totals,
                std::shared_ptr<const node_clock> clock, wire::payload_pool_ptr pool);

  endpoint remote() const override { return remote_; }
  endpoint local() const override { return local_; }
  void set_sink(const caf::strong_actor_ptr& sink) override;
  void grant() override;
  void finish_handshake() override;
  send_result send(std::vector<wire::slice> slices) override;
  std::size_t unsent_bytes() const override;
  transport_traffic traffic() const override;
  transport_backlog backlog() const override;

  /// Ends the connection, from any thread. The loop keeps the object alive until then, so
  /// the last reference given out has to call this when it goes.
  void close();

  next_step on_ready(std::uint32_t changes) override;

private:
  next_step read_on(bool raise_limit);
  std::optional<peer_exit> read(std::vector<wire::frame>& frames);
  peer_exit end_of_stream() const;
  void deliver_batch(std::vector<wire::frame>&& frames);
  void end_reading(peer_exit reason);
  struct written {
    std::size_t bytes = 0; ///< None: there is no room.
    bool usable = true;    ///< False: the connection is broken.
  };
  written write(iovec* pieces, std::size_t count);
  bool send_at_once(std::span<const wire::slice> slices);
  bool send_queued();
  void wait_for_room_to_send();
  void on_room_to_send();

  epoll_loop& loop_;
  std::shared_ptr<traffic_totals> totals_;
  std::shared_ptr<const node_clock> clock_;
  endpoint remote_, local_;
  std::atomic<std::uint64_t> received_{0}, sent_{0};
  std::atomic<double> last_received_{0}, last_sent_{0};

  // Used by the thread of the loop only.
  wire::frame_decoder decoder_;
  bool readable_ = false; ///< There may be more to read that epoll will not tell of.
  bool hung_up_ = false;  ///< The stream ends behind that.
  bool reading_ended_ = false;

  mutable std::mutex mutex_; ///< Guards what follows.
  caf::weak_actor_ptr sink_;
  send_queue unsent_;
  bool closed_ = false;
  std::size_t credit_ = 0;          ///< Batches that may still be delivered.
  bool waiting_for_credit_ = false; ///< The next credit is worth a turn.
  bool handshake_over_ = false;     ///< Set until the next turn with credit acts on it.
  bool watches_room_ = false;
  bool waiting_for_room_ = false; ///< The queue is sent when there is room.
  bool congested_ = false;
  bool reset_ = false; ///< A send met the reset, and used that error up.
};

} // namespace peerage
