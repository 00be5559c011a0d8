#include "actors/transport/asio_sockets.hpp"

#include "actors/transport/asio_transport.hpp"
#include "actors/transport/sink.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace peerage {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// One I/O thread. The hint says that only one thread runs the context; others may still
/// start waits, as `send` and `grant` do.
struct io_thread {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread{[this] { context.run(); }};

  ~io_thread() {
    context.stop();
    thread.join();
  }
};

struct io_threads {
  explicit io_threads(std::size_t count) : threads(count) {}
  asio::io_context& next() { return threads[turn++ % threads.size()].context; }

  std::atomic<std::size_t> turn{0};
  std::vector<io_thread> threads;
};

/// A dial under way.
class connect_attempt : public std::enable_shared_from_this<connect_attempt> {
public:
  connect_attempt(asio::io_context& context, std::uint32_t magic,
                  std::shared_ptr<traffic_totals> totals, wire::payload_pool_ptr pool,
                  const caf::strong_actor_ptr& sink)
      : socket_(context), magic_(magic), totals_(std::move(totals)),
        pool_(std::move(pool)), sink_(caf::actor_cast<caf::weak_actor_ptr>(sink)) {}

  void start(const endpoint& to) {
    socket_.async_connect(to_asio(to),
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
    if (error) {
      deliver(sink_, connect_failed{error == asio::error::connection_refused
                                      ? peer_exit::connect_refused
                                      : peer_exit::connect_failed});
      return;
    }
    auto connection =
      std::make_shared<asio_connection>(std::move(socket_), magic_, totals_, pool_);
    deliver(sink_, connected{std::make_shared<asio_transport>(std::move(connection))});
  }

  tcp::socket socket_;
  std::uint32_t magic_;
  std::shared_ptr<traffic_totals> totals_;
  wire::payload_pool_ptr pool_;
  caf::weak_actor_ptr sink_;
  std::atomic<bool> abandoned_{false};
};

/// Nothing is wrong with the connection, but there is no room for it.
bool is_shortage(boost::system::error_code error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open ||
         error == errc::too_many_files_open_in_system || error == errc::no_buffer_space ||
         error == errc::not_enough_memory;
}

/// Accepts while there is credit. The waiting handler keeps it alive; `close` ends that.
class listening_socket : public std::enable_shared_from_this<listening_socket> {
public:
  listening_socket(io_threads& threads, std::uint32_t magic,
                   std::shared_ptr<traffic_totals> totals, wire::payload_pool_ptr pool)
      : threads_(threads), acceptor_(threads.next()), pause_(acceptor_.get_executor()),
        magic_(magic), totals_(std::move(totals)), pool_(std::move(pool)) {}

  boost::system::error_code open(const endpoint& at) {
    auto where = to_asio(at);
    boost::system::error_code error;
    acceptor_.open(where.protocol(), error);
    if (!error)
      acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
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
      threads_.next(),
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
    if (error) {
      // Out of descriptors, or the remote was gone before we came. Neither ends the
      // listener; a short pause keeps the first from spinning. This is the one timer of a
      // socket: no behaviour of a peer depends on it.
      if (is_shortage(error))
        deliver(sink, accept_starved{});
      pause_.expires_after(std::chrono::milliseconds(50));
      pause_.async_wait([self = shared_from_this()](boost::system::error_code stopped) {
        if (!stopped)
          self->accept_next();
      });
      return;
    }
    auto connection =
      std::make_shared<asio_connection>(std::move(socket), magic_, totals_, pool_);
    deliver(sink,
            accepted{std::make_shared<asio_transport>(std::move(connection)), token});
    if (--credit_ > 0)
      accept_next();
  }

  io_threads& threads_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint32_t magic_;
  std::shared_ptr<traffic_totals> totals_;
  wire::payload_pool_ptr pool_;
  endpoint local_;
  std::size_t credit_ = 0; ///< Touched by the I/O thread only.
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
  explicit asio_sockets(std::size_t threads) : threads_(threads) {}

  std::shared_ptr<void> connect(const endpoint& to, std::uint32_t magic,
                                const caf::strong_actor_ptr& sink) override {
    auto attempt =
      std::make_shared<connect_attempt>(threads_.next(), magic, totals_, pool_, sink);
    attempt->start(to);
    // The token abandons the attempt when it goes, whatever became of it.
    return {attempt.get(), [attempt](void*) { attempt->abandon(); }};
  }

  acceptor_ptr listen(const endpoint& at, std::uint32_t magic,
                      std::string& error) override {
    auto socket = std::make_shared<listening_socket>(threads_, magic, totals_, pool_);
    if (auto failure = socket->open(at)) {
      error = "cannot listen on " + to_string(at) + ": " + failure.message();
      return nullptr;
    }
    return std::make_shared<asio_acceptor>(std::move(socket));
  }

private:
  /// One for all: large messages are rare, and do not come to all connections at once.
  wire::payload_pool_ptr pool_ = std::make_shared<wire::payload_pool>();
  io_threads threads_;
};

} // namespace

std::shared_ptr<socket_provider> make_asio_sockets(std::size_t threads) {
  return std::make_shared<asio_sockets>(std::max<std::size_t>(threads, 1));
}

} // namespace peerage
