// SPDX-License-Identifier: MIT
#include "actors/transport/asio_sockets.hpp"

#include "actors/transport/close_on_exec.hpp"
#include "actors/transport/socket_address.hpp"
#include "actors/transport/tcp_transport.hpp"
#include "actors/transport/weak_send.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>

namespace peerage {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Our form of an Asio endpoint.
endpoint to_endpoint(const tcp::endpoint& x) {
  endpoint result;
  result.port = x.port();
  if (x.address().is_v6()) {
    result.ip = x.address().to_v6().to_bytes();
    if (result.is_link_local())
      result.zone = static_cast<std::uint32_t>(x.address().to_v6().scope_id());
  } else {
    auto bytes = x.address().to_v4().to_bytes();
    result = ipv4_endpoint(bytes[0], bytes[1], bytes[2], bytes[3], x.port());
  }
  return result;
}

/// Asio's form of ours.
tcp::endpoint to_asio(const endpoint& x) {
  if (!x.is_ipv4())
    return {asio::ip::address_v6(x.ip, x.zone), x.port};
  asio::ip::address_v4::bytes_type bytes;
  std::copy(x.ip.begin() + 12, x.ip.end(), bytes.begin());
  return {asio::ip::address_v4(bytes), x.port};
}

/// What all sockets of a provider share. Asio opens them, on a thread for that alone;
/// from then on each belongs to one of the epoll loops.
class shared_parts {
public:
  shared_parts(std::size_t threads, std::shared_ptr<traffic_totals> totals,
               std::shared_ptr<const node_clock> clock,
               const std::shared_ptr<duration_histogram>& lag)
      : totals_(std::move(totals)), clock_(std::move(clock)) {
    while (loops_.size() < threads)
      loops_.emplace_back(lag);
  }
  shared_parts(const shared_parts&) = delete;
  shared_parts& operator=(const shared_parts&) = delete;
  ~shared_parts() {
    context.stop();
    thread_.join();
  }

  /// Hands a connected socket to a loop. Null if the system has no room to watch it.
  /// @param remote Of the connection; a reset socket no longer tells it.
  transport_ptr make_transport(tcp::socket&& socket, const endpoint& remote,
                               std::uint32_t magic) {
    boost::system::error_code ignored_error;
    close_on_exec(socket.native_handle());
    const auto local = to_endpoint(socket.local_endpoint(ignored_error));
    auto& loop = loops_[turn_++ % loops_.size()];
    auto connection = std::make_shared<tcp_transport>(
      socket.release(ignored_error), remote, local, magic, loop, totals_, clock_, pool_);
    if (!loop.watch(connection))
      return nullptr;
    // The loop owns it; the last reference given out closes it.
    return {connection.get(), [connection](transport*) { connection->close(); }};
  }

  /// The hint of 1: only one thread runs the context, so Asio locks less.
  asio::io_context context{1};

private:
  std::deque<epoll_loop> loops_; ///< They cannot move.
  std::size_t turn_ = 0;         ///< Touched by the Asio thread only.
  std::shared_ptr<traffic_totals> totals_;
  std::shared_ptr<const node_clock> clock_;
  /// One pool for all: large messages are rare, and do not come to all connections at
  /// once.
  wire::payload_pool_ptr pool_ = std::make_shared<wire::payload_pool>();
  asio::executor_work_guard<asio::io_context::executor_type> work_{
    context.get_executor()};
  std::thread thread_{[this] { context.run(); }};
};

/// Whether the system lacks room for a connection that is fine.
bool is_shortage(boost::system::error_code error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open ||
         error == errc::too_many_files_open_in_system || error == errc::no_buffer_space ||
         error == errc::not_enough_memory ||
         error == errc::no_space_on_device; // epoll(7): max_user_watches are in use
}

/// Why TCP was not opened.
peer_exit exit_of(boost::system::error_code error) {
  if (is_shortage(error))
    return peer_exit::no_descriptor;
  return error == asio::error::connection_refused ? peer_exit::connect_refused
                                                  : peer_exit::connect_failed;
}

/// A dial under way.
class connect_attempt : public std::enable_shared_from_this<connect_attempt> {
public:
  connect_attempt(shared_parts& shared, std::uint32_t magic,
                  const caf::strong_actor_ptr& sink)
      : shared_(shared), socket_(shared.context), magic_(magic),
        sink_(caf::actor_cast<caf::weak_actor_ptr>(sink)) {}

  void start(const endpoint& to) {
    remote_ = to;
    const auto where = to_asio(to);
    boost::system::error_code failure;
    if (socket_.open(where.protocol(), failure))
      return give_up(failure);
    close_on_exec(socket_.native_handle());
    socket_.async_connect(where,
                          [self = shared_from_this()](boost::system::error_code error) {
                            self->on_connected(error);
                          });
  }

  void abandon() {
    abandoned_ = true;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      boost::system::error_code ignored_error;
      self->socket_.close(ignored_error);
    });
  }

private:
  void on_connected(boost::system::error_code error) {
    if (abandoned_)
      return;
    if (error)
      return give_up(error);
    if (auto connection = shared_.make_transport(std::move(socket_), remote_, magic_))
      deliver(sink_, connected{std::move(connection)});
    else
      deliver(sink_, connect_failed{peer_exit::connect_failed});
  }

  void give_up(boost::system::error_code why) {
    deliver(sink_, connect_failed{exit_of(why)});
  }

  shared_parts& shared_;
  tcp::socket socket_;
  endpoint remote_;
  std::uint32_t magic_;
  caf::weak_actor_ptr sink_;
  std::atomic<bool> abandoned_{false};
};

/// Accepts while there is credit. The waiting handler keeps the object alive until
/// `close`.
class listening_socket : public std::enable_shared_from_this<listening_socket> {
public:
  listening_socket(shared_parts& shared, std::uint32_t magic)
      : shared_(shared), acceptor_(shared.context), pause_(shared.context),
        magic_(magic) {}

  boost::system::error_code open(const endpoint& at) {
    auto where = to_asio(at);
    boost::system::error_code error;
    acceptor_.open(where.protocol(), error);
    if (!error) {
      close_on_exec(acceptor_.native_handle());
      acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error && where.protocol() == tcp::v6())
      acceptor_.set_option(asio::ip::v6_only(true), error);
    if (!error)
      acceptor_.bind(where, error);
    if (!error)
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error)
      local_ = to_endpoint(acceptor_.local_endpoint(error));
    return error;
  }

  /// On success, owns the descriptor of a socket that listens at `at`.
  boost::system::error_code adopt(int descriptor, const endpoint& at) {
    boost::system::error_code error;
    acceptor_.assign(to_asio(at).protocol(), descriptor, error);
    if (!error)
      close_on_exec(descriptor);
    local_ = at;
    return error;
  }

  endpoint local() const { return local_; }

  void start(const caf::strong_actor_ptr& sink, std::size_t token) {
    std::lock_guard guard{mutex_};
    token_ = token;
    sink_ = caf::actor_cast<caf::weak_actor_ptr>(sink);
  }

  void grant(std::size_t credit) {
    asio::post(acceptor_.get_executor(), [self = shared_from_this(), credit] {
      auto was_idle = self->credit_ == 0;
      self->credit_ += credit;
      if (was_idle)
        self->accept_next();
    });
  }

  void close() {
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      boost::system::error_code ignored_error;
      self->acceptor_.close(ignored_error);
      self->pause_.cancel(ignored_error);
    });
  }

private:
  void accept_next() {
    if (!acceptor_.is_open())
      return;
    acceptor_.async_accept(
      remote_,
      [self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
        self->on_accepted(error, std::move(socket));
      });
  }

  void on_accepted(boost::system::error_code error, tcp::socket socket) {
    if (!acceptor_.is_open())
      return;
    caf::weak_actor_ptr sink;
    std::size_t token;
    {
      std::lock_guard guard{mutex_};
      sink = sink_;
      token = token_;
    }
    transport_ptr connection;
    if (!error)
      connection =
        shared_.make_transport(std::move(socket), to_endpoint(remote_), magic_);
    if (!connection) {
      // Out of descriptors, or the remote has already gone. Neither ends the listener; a
      // short pause keeps the first from spinning. This is the one timer of a socket: no
      // behaviour of a peer depends on it.
      if (!error || is_shortage(error))
        deliver(sink, out_of_descriptors{});
      pause_.expires_after(std::chrono::milliseconds(50));
      pause_.async_wait([self = shared_from_this()](boost::system::error_code stopped) {
        if (!stopped)
          self->accept_next();
      });
      return;
    }
    deliver(sink, accepted{std::move(connection), token});
    if (--credit_ > 0)
      accept_next();
  }

  shared_parts& shared_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint32_t magic_;
  endpoint local_;
  tcp::endpoint remote_;   ///< Of the newest connection.
  std::size_t credit_ = 0; ///< This and the above are touched by the Asio thread only.
  std::mutex mutex_;
  caf::weak_actor_ptr sink_;
  std::size_t token_ = 0;
};

class asio_acceptor : public acceptor {
public:
  explicit asio_acceptor(std::shared_ptr<listening_socket> socket)
      : socket_(std::move(socket)) {}
  asio_acceptor(const asio_acceptor&) = delete;
  asio_acceptor& operator=(const asio_acceptor&) = delete;
  ~asio_acceptor() override { socket_->close(); }

  endpoint local() const override { return socket_->local(); }
  void start(const caf::strong_actor_ptr& sink, std::size_t token,
             std::size_t credit) override {
    socket_->start(sink, token);
    socket_->grant(credit);
  }
  void grant(std::size_t credit) override { socket_->grant(credit); }

private:
  std::shared_ptr<listening_socket> socket_;
};

class asio_sockets : public socket_provider {
public:
  asio_sockets(dial_reach reach, std::size_t threads)
      : socket_provider(reach), shared_(threads, totals_, clock_, loop_lag_) {}

  std::shared_ptr<void> open_connection(const endpoint& to, std::uint32_t magic,
                                        const caf::strong_actor_ptr& sink) override {
    auto attempt = std::make_shared<connect_attempt>(shared_, magic, sink);
    attempt->start(to);
    // Destroying the token abandons the attempt, even a finished one.
    return {attempt.get(), [attempt](void*) { attempt->abandon(); }};
  }

  acceptor_ptr listen(const endpoint& at, std::uint32_t magic,
                      std::string& error) override {
    auto socket = std::make_shared<listening_socket>(shared_, magic);
    if (auto failure = socket->open(at)) {
      error = "cannot listen on " + to_string(at) + ": " + failure.message();
      return nullptr;
    }
    return std::make_shared<asio_acceptor>(std::move(socket));
  }

  acceptor_ptr adopt(int descriptor, std::uint32_t magic, std::string& error) override {
    const auto place = listening_place_of(descriptor, error);
    const auto* at = place ? std::get_if<endpoint>(&*place) : nullptr;
    if (!at) {
      if (place)
        error = "is a Unix socket, and peers come by TCP";
      return nullptr;
    }
    auto socket = std::make_shared<listening_socket>(shared_, magic);
    if (auto failure = socket->adopt(descriptor, *at)) {
      error = "cannot listen on " + to_string(*at) + ": " + failure.message();
      return nullptr;
    }
    return std::make_shared<asio_acceptor>(std::move(socket));
  }

private:
  shared_parts shared_;
};

} // namespace

std::shared_ptr<socket_provider> make_asio_sockets(dial_reach reach,
                                                   std::size_t threads) {
  return std::make_shared<asio_sockets>(reach, std::max<std::size_t>(threads, 1));
}

} // namespace peerage
