#pragma once

#include "actors/transport/send_queue.hpp"
#include "actors/transport/transport.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <mutex>
#include <optional>

namespace peerage {

/// A TCP connection: reads on its I/O thread, and sends from whichever thread calls
/// `send` as long as the socket takes everything, so that an answer costs no change of
/// threads.
///
/// Kept alive by the handlers that wait for the socket; `close` ends those. Users hold it
/// through an `asio_transport`, which closes it.
class asio_connection : public std::enable_shared_from_this<asio_connection> {
public:
  asio_connection(boost::asio::ip::tcp::socket socket, std::uint32_t magic,
                  std::shared_ptr<traffic_totals> totals, wire::payload_pool_ptr pool);

  endpoint remote() const { return remote_; }
  endpoint local() const { return local_; }
  void set_sink(const caf::strong_actor_ptr& sink);
  void grant();
  void finish_handshake();
  transport::send_result send(std::vector<wire::slice> slices);
  std::size_t unsent_bytes() const;
  void close();

private:
  void read_on();
  void read_next();
  void on_read(boost::system::error_code error, std::size_t count);
  void on_readable(std::vector<wire::frame>&& frames);
  peer_exit end_of_stream() const;
  void go_on(std::vector<wire::frame>&& frames, std::optional<peer_exit> end);
  void deliver_batch(std::vector<wire::frame>&& frames);
  void end_reading(peer_exit reason);
  bool send_now();
  void wait_writable();
  void on_writable();

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<traffic_totals> totals_;
  endpoint remote_, local_;

  // Used by whoever has the read turn: the I/O thread while there is credit, the caller
  // of `grant` or `finish_handshake` that gives the first credit otherwise.
  wire::frame_decoder decoder_;
  /// What the next read brings at first. Asio reads into it when something comes, for
  /// less than a wait and a read apart cost; most batches are shorter.
  std::array<std::byte, 512> first_read_;

  mutable std::mutex mutex_; ///< Guards what follows, and opening and closing the socket.
  caf::weak_actor_ptr sink_;
  send_queue unsent_;
  bool closed_ = false;
  std::size_t credit_ = 0;      ///< Batches that may still be delivered.
  bool reading_ = false;        ///< Somebody has the read turn.
  bool handshake_over_ = false; ///< Who has the read turn has yet to act on it.
  bool reading_ended_ = false;
  bool waiting_writable_ = false;
  bool congested_ = false;
  bool reset_ = false; ///< A send found the connection reset, and used that error up.
};

/// The owner of an `asio_connection`.
class asio_transport : public transport {
public:
  explicit asio_transport(std::shared_ptr<asio_connection> connection)
      : connection_(std::move(connection)) {}
  asio_transport(const asio_transport&) = delete;
  asio_transport& operator=(const asio_transport&) = delete;
  ~asio_transport() override { connection_->close(); }

  endpoint remote() const override { return connection_->remote(); }
  endpoint local() const override { return connection_->local(); }
  void set_sink(const caf::strong_actor_ptr& sink) override {
    connection_->set_sink(sink);
  }
  void grant() override { connection_->grant(); }
  void finish_handshake() override { connection_->finish_handshake(); }
  send_result send(std::vector<wire::slice> slices) override {
    return connection_->send(std::move(slices));
  }
  std::size_t unsent_bytes() const override { return connection_->unsent_bytes(); }

private:
  std::shared_ptr<asio_connection> connection_;
};

/// Our form of an Asio endpoint.
endpoint to_endpoint(const boost::asio::ip::tcp::endpoint& x);
/// Asio's form of ours.
boost::asio::ip::tcp::endpoint to_asio(const endpoint& x);

} // namespace peerage
