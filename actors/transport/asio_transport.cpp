#include "actors/transport/asio_transport.hpp"

#include "actors/transport/sink.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace peerage {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// Bytes one read may bring, some hundred small messages: all others of this thread wait
/// while they are checked, and then those of a worker while they are answered. Shared by
/// all connections of a thread, so that an idle one needs no buffer of its own.
constexpr std::size_t scratch_size = 16 * 1024;

std::span<std::byte> scratch() {
  thread_local auto buffer = std::make_unique<std::byte[]>(scratch_size);
  return {buffer.get(), scratch_size};
}

/// The same of what one read may bring of a large payload, straight to its place: what is
/// hashed right after it came is still in the cache.
constexpr std::size_t most_at_once = 256 * 1024;

/// Reads of one large payload before other connections get their turn.
constexpr int reads_per_turn = 16;

constexpr std::size_t pieces_per_write = 64;

} // namespace

endpoint to_endpoint(const tcp::endpoint& x) {
  endpoint result;
  result.port = x.port();
  if (x.address().is_v6()) {
    result.ip = x.address().to_v6().to_bytes();
  } else {
    auto bytes = x.address().to_v4().to_bytes();
    result = ipv4_endpoint(bytes[0], bytes[1], bytes[2], bytes[3], x.port());
  }
  return result;
}

tcp::endpoint to_asio(const endpoint& x) {
  if (!x.is_ipv4())
    return {asio::ip::address_v6(x.ip), x.port};
  asio::ip::address_v4::bytes_type bytes;
  std::copy(x.ip.begin() + 12, x.ip.end(), bytes.begin());
  return {asio::ip::address_v4(bytes), x.port};
}

asio_connection::asio_connection(tcp::socket socket, std::uint32_t magic,
                                 std::shared_ptr<traffic_totals> totals,
                                 wire::payload_pool_ptr pool)
    : socket_(std::move(socket)), totals_(std::move(totals)),
      decoder_(magic, std::move(pool)) {
  boost::system::error_code ignored_error;
  socket_.set_option(tcp::no_delay(true), ignored_error);
  socket_.native_non_blocking(true, ignored_error);
  remote_ = to_endpoint(socket_.remote_endpoint(ignored_error));
  local_ = to_endpoint(socket_.local_endpoint(ignored_error));
  decoder_.pause_after(wire::command::verack);
}

void asio_connection::set_sink(const caf::strong_actor_ptr& sink) {
  std::lock_guard guard{mutex_};
  sink_ = caf::actor_cast<caf::weak_actor_ptr>(sink);
}

void asio_connection::grant() {
  {
    std::lock_guard guard{mutex_};
    ++credit_;
    if (std::exchange(reading_, true))
      return;
  }
  read_on();
}

void asio_connection::finish_handshake() {
  {
    std::lock_guard guard{mutex_};
    // Added, not set: who delivers the verack at this moment still has to pay for it.
    credit_ += batches_ahead;
    handshake_over_ = true;
    if (std::exchange(reading_, true))
      return;
  }
  read_on();
}

/// Reads on with credit: what stood behind a verack first, then what comes.
void asio_connection::read_on() {
  bool raise_limit = false;
  {
    std::lock_guard guard{mutex_};
    raise_limit = std::exchange(handshake_over_, false);
  }
  std::vector<wire::frame> frames;
  if (raise_limit) {
    decoder_.set_payload_limit(wire::limits::payload);
    decoder_.resume(frames);
  } else if (decoder_.paused()) { // by a verack that ended no handshake
    decoder_.resume_until_next(frames);
  }
  go_on(std::move(frames), {});
}

/// Delivers what was read, then reads on if there is credit for it. The receiver may give
/// credit, or end the handshake, before this returns; whoever has the read turn acts on
/// it.
void asio_connection::go_on(std::vector<wire::frame>&& frames,
                            std::optional<peer_exit> end) {
  if (!end && decoder_.error() != wire::frame_error::none)
    end = exit_of(decoder_.error());
  const std::size_t used = frames.empty() ? 0 : 1;
  if (used > 0)
    deliver_batch(std::move(frames));
  if (end)
    return end_reading(*end);
  {
    std::lock_guard guard{mutex_};
    credit_ -= used;
    reading_ = credit_ > 0;
    if (!reading_)
      return;
    if (!handshake_over_ && !decoder_.paused())
      return read_next();
  }
  read_on();
}

void asio_connection::read_next() {
  if (closed_ || reading_ended_)
    return;
  // The rest of a large payload goes straight to its place.
  if (!decoder_.direct_buffer().empty()) {
    socket_.async_wait(tcp::socket::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                         if (!error)
                           self->on_readable({});
                       });
    return;
  }
  socket_.async_receive(
    asio::buffer(first_read_),
    [self = shared_from_this()](boost::system::error_code error, std::size_t count) {
      self->on_read(error, count);
    });
}

void asio_connection::on_read(boost::system::error_code error, std::size_t count) {
  if (error == asio::error::operation_aborted)
    return;
  if (error)
    return go_on({},
                 error == asio::error::eof ? end_of_stream() : peer_exit::socket_error);
  totals_->received.fetch_add(count, std::memory_order_relaxed);
  std::vector<wire::frame> frames;
  decoder_.feed(std::span(first_read_).first(count), frames);
  if (count < first_read_.size() || decoder_.error() != wire::frame_error::none)
    return go_on(std::move(frames), {});
  on_readable(std::move(frames));
}

peer_exit asio_connection::end_of_stream() const {
  return decoder_.mid_message() ? peer_exit::truncated_message : peer_exit::remote_closed;
}

/// Reads what is there, behind what `frames` has already.
void asio_connection::on_readable(std::vector<wire::frame>&& frames) {
  const auto fd = socket_.native_handle(); // closed on this thread only
  std::optional<peer_exit> end;
  for (int turn = 0; turn < reads_per_turn && !end; ++turn) {
    auto direct = decoder_.direct_buffer();
    auto buffer = direct.empty() ? scratch() : direct;
    buffer = buffer.first(std::min(buffer.size(), most_at_once));
    auto count = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      auto size = static_cast<std::size_t>(count);
      totals_->received.fetch_add(size, std::memory_order_relaxed);
      if (direct.empty())
        decoder_.feed(buffer.first(size), frames);
      else
        decoder_.commit(size, frames);
      // A short read has emptied the socket: no need to hear EAGAIN for it.
      if (size < buffer.size() || !frames.empty() ||
          decoder_.error() != wire::frame_error::none)
        break;
    } else if (count == 0) {
      end = end_of_stream();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      end = peer_exit::socket_error;
    }
  }
  go_on(std::move(frames), end);
}

void asio_connection::deliver_batch(std::vector<wire::frame>&& frames) {
  caf::weak_actor_ptr sink;
  {
    std::lock_guard guard{mutex_};
    sink = sink_;
  }
  deliver(sink, frame_batch{std::move(frames)});
}

void asio_connection::end_reading(peer_exit reason) {
  caf::weak_actor_ptr sink;
  {
    std::lock_guard guard{mutex_};
    if (std::exchange(reading_ended_, true) || closed_)
      return;
    if (reset_ &&
        (reason == peer_exit::remote_closed || reason == peer_exit::truncated_message))
      reason = peer_exit::socket_error;
    sink = sink_;
  }
  deliver(sink, transport_closed{reason});
}

transport::send_result asio_connection::send(std::vector<wire::slice> slices) {
  using enum transport::send_result;
  std::lock_guard guard{mutex_};
  if (closed_)
    return accepted; // the sink learns of the end by `transport_closed`
  unsent_.push(std::move(slices));
  if (!waiting_writable_ && !send_now())
    wait_writable();
  if (unsent_.bytes() > unsent_limit)
    return overflow;
  if (unsent_.bytes() > unsent_pause)
    congested_ = true;
  return congested_ ? congested : accepted;
}

/// Sends what the socket takes; true if that was everything, or the socket is broken.
bool asio_connection::send_now() {
  while (!unsent_.empty()) {
    iovec pieces[pieces_per_write];
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = unsent_.gather(pieces, pieces_per_write);
    auto count =
      ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      totals_->sent.fetch_add(static_cast<std::uint64_t>(count),
                              std::memory_order_relaxed);
      unsent_.consume(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return false;
    } else if (errno != EINTR) {
      // Reading reports the end, but the socket tells an error only once. EPIPE is none:
      // the remote closed before.
      reset_ = reset_ || errno != EPIPE;
      unsent_.clear();
      return true;
    }
  }
  return true;
}

void asio_connection::wait_writable() {
  waiting_writable_ = true;
  socket_.async_wait(tcp::socket::wait_write,
                     [self = shared_from_this()](boost::system::error_code error) {
                       if (!error)
                         self->on_writable();
                     });
}

void asio_connection::on_writable() {
  caf::weak_actor_ptr sink;
  {
    std::lock_guard guard{mutex_};
    waiting_writable_ = false;
    if (closed_)
      return;
    if (!send_now())
      wait_writable();
    if (!congested_ || unsent_.bytes() > unsent_resume)
      return;
    congested_ = false;
    sink = sink_;
  }
  deliver(sink, transport_drained{});
}

std::size_t asio_connection::unsent_bytes() const {
  std::lock_guard guard{mutex_};
  return unsent_.bytes();
}

void asio_connection::close() {
  std::lock_guard guard{mutex_};
  if (std::exchange(closed_, true))
    return;
  unsent_.clear();
  boost::system::error_code ignored_error;
  socket_.shutdown(tcp::socket::shutdown_both, ignored_error);
  // The I/O thread may be reading this very descriptor: only it closes it.
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    std::lock_guard again{self->mutex_};
    boost::system::error_code ignored_again;
    self->socket_.close(ignored_again);
  });
}

} // namespace peerage
