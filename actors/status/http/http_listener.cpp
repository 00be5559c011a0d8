// SPDX-License-Identifier: MIT
#include "actors/status/http/http_listener.hpp"

#include "actors/transport/close_on_exec.hpp"
#include "actors/transport/socket_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace peerage {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

template <class Protocol>
class listener : public http_listener {
public:
  listener(asio::io_context& context, const host_rules& hosts) : acceptor_(context) {
    address_->hosts = hosts;
  }

  void start(http_sessions& sessions) override {
    sessions_ = &sessions;
    accept();
  }

  /// After a failed accept, most likely out of descriptors or memory: tries again at a
  /// tick instead of spinning.
  void on_tick() override {
    if (accepting_.expired())
      accept();
  }

protected:
  typename Protocol::acceptor acceptor_;
  std::shared_ptr<http_address> address_ = std::make_shared<http_address>();

private:
  void accept() {
    auto token = std::make_shared<char>();
    accepting_ = token;
    acceptor_.async_accept(
      [this, token](error_code error, typename Protocol::socket socket) mutable {
        if (error == asio::error::operation_aborted)
          return;
        token = nullptr;
        if (error)
          return;
        close_on_exec(socket.native_handle());
        open_session(*sessions_, address_, std::move(socket));
        accept();
      });
  }

  std::weak_ptr<char> accepting_; ///< Expires when no accept is under way.
  http_sessions* sessions_ = nullptr;
};

// -- TCP --------------------------------------------------------------------------------

class tcp_listener : public listener<tcp> {
public:
  using listener::listener;

  bool open(const endpoint& at, std::string& error) {
    tcp::endpoint where{asio::ip::make_address(ip_to_string(at)), at.port};
    error_code failure;
    acceptor_.open(where.protocol(), failure);
    if (!failure) {
      close_on_exec(acceptor_.native_handle());
      acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
    }
    if (!failure && where.protocol() == tcp::v6())
      acceptor_.set_option(asio::ip::v6_only(true), failure);
    if (!failure)
      acceptor_.bind(where, failure);
    if (!failure)
      acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) {
      error = "cannot listen on " + to_string(at) + ": " + failure.message();
      return false;
    }
    address_->bound = at.with_port(acceptor_.local_endpoint().port());
    return true;
  }

  bool adopt(int descriptor, const endpoint& at, std::string& error) {
    error_code failure;
    acceptor_.assign(at.is_ipv4() ? tcp::v4() : tcp::v6(), descriptor, failure);
    if (failure) {
      error = "cannot listen on " + to_string(at) + ": " + failure.message();
      return false;
    }
    close_on_exec(descriptor);
    address_->bound = at;
    return true;
  }

  std::string url() const override { return url_of({*address_->bound, {}}); }
};

// -- Unix sockets -----------------------------------------------------------------------

struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const file_identity&, const file_identity&) = default;
};

std::optional<file_identity> socket_at(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
    return std::nullopt;
  return file_identity{found.st_dev, found.st_ino};
}

class unix_listener : public listener<stream_protocol> {
public:
  using listener::listener;

  ~unix_listener() override {
    if (file_ && socket_at(path_) == file_)
      unlink(path_.c_str());
  }

  bool open(const std::string& path, std::string& error) {
    path_ = path;
    error_code failure;
    acceptor_.open(stream_protocol(), failure);
    if (!failure)
      close_on_exec(acceptor_.native_handle());
    // Linux gives the file the mode of the socket's own inode, so it is never more open
    // than this, not even for a moment.
    if (!failure && fchmod(acceptor_.native_handle(), 0600) != 0)
      failure.assign(errno, boost::system::system_category());
    if (!failure)
      acceptor_.bind(path_, failure);
    if (failure == asio::error::address_in_use && !remove_leftover(failure, error))
      return false;
    if (!failure)
      file_ = socket_at(path_);
    if (!failure)
      acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    if (!failure)
      return true;
    error = "cannot listen on unix:" + path_ + ": " + failure.message();
    return false;
  }

  bool adopt(int descriptor, const std::string& path, std::string& error) {
    error_code failure;
    acceptor_.assign(stream_protocol(), descriptor, failure);
    if (failure) {
      error = "cannot listen on unix:" + path + ": " + failure.message();
      return false;
    }
    close_on_exec(descriptor);
    path_ = path;
    return true;
  }

  std::string url() const override { return url_of({std::nullopt, path_}); }

private:
  /// For a path that is taken: removes the file if it is a socket without a listener.
  bool remove_leftover(error_code& failure, std::string& error) {
    if (!socket_at(path_)) {
      error = "cannot listen on unix:" + path_ + ": a file that is no socket is there";
      return false;
    }
    // Non-blocking: a process that listens but never accepts would block us for ever.
    stream_protocol::socket probe{acceptor_.get_executor(), stream_protocol()};
    const stream_protocol::endpoint there{path_};
    failure = {};
    probe.native_non_blocking(true);
    if (::connect(probe.native_handle(), there.data(),
                  static_cast<socklen_t>(there.size())) != 0 &&
        errno != EAGAIN)
      failure.assign(errno, boost::system::system_category());
    if (failure != asio::error::connection_refused) {
      error = "cannot listen on unix:" + path_ + ": " +
              (failure ? failure.message() : "another process listens there");
      return false;
    }
    unlink(path_.c_str());
    acceptor_.bind(path_, failure);
    return true;
  }

  std::string path_;
  std::optional<file_identity> file_; ///< Nothing if the file is not ours.
};

template <class Listener, class Address>
std::unique_ptr<http_listener> open_as(asio::io_context& context, const Address& at,
                                       const host_rules& hosts, std::string& error) {
  auto result = std::make_unique<Listener>(context, hosts);
  if (!result->open(at, error))
    return nullptr;
  return result;
}

} // namespace

std::unique_ptr<http_listener> open_http_listener(asio::io_context& context,
                                                  const status_address& at,
                                                  const host_rules& hosts,
                                                  std::string& error) {
  return at.tcp ? open_as<tcp_listener>(context, *at.tcp, hosts, error)
                : open_as<unix_listener>(context, at.unix_path, hosts, error);
}

namespace {

template <class Listener, class Place>
std::unique_ptr<http_listener> adopt_as(asio::io_context& context, int descriptor,
                                        const Place& at, const host_rules& hosts,
                                        std::string& error) {
  auto result = std::make_unique<Listener>(context, hosts);
  if (!result->adopt(descriptor, at, error))
    return nullptr;
  return result;
}

} // namespace

std::unique_ptr<http_listener> adopt_http_listener(asio::io_context& context,
                                                   int descriptor,
                                                   const host_rules& hosts,
                                                   std::string& error) {
  const auto place = listening_place_of(descriptor, error);
  if (!place)
    return nullptr;
  const auto* at = std::get_if<endpoint>(&*place);
  if (at && !hosts.any_address && !at->is_loopback()) {
    error = to_string(*at) + " is not on loopback, as a status socket has to be";
    return nullptr;
  }
  return at ? adopt_as<tcp_listener>(context, descriptor, *at, hosts, error)
            : adopt_as<unix_listener>(context, descriptor, std::get<std::string>(*place),
                                      hosts, error);
}

} // namespace peerage
