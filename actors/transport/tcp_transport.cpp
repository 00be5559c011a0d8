// SPDX-License-Identifier: MIT
#include "actors/transport/tcp_transport.hpp"

#include "actors/transport/weak_send.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace peerage {

namespace {

/// The most bytes of one read, some hundred small messages: the thread's other
/// connections wait while these are checked, and then a worker's other actors while they
/// are answered. Shared by all connections of a thread, so that an idle one needs no
/// buffer of its own.
constexpr std::size_t scratch_size = 16 * 1024;

std::span<std::byte> scratch() {
  thread_local auto buffer = std::make_unique<std::byte[]>(scratch_size);
  return {buffer.get(), scratch_size};
}

/// The most bytes that one turn reads of a large payload, straight to its place, and
/// hashes: a quarter of a millisecond of work.
constexpr std::size_t most_of_payload = 256 * 1024;

constexpr std::size_t pieces_per_write = 64;

/// The remote sends no more, or the connection is broken.
constexpr std::uint32_t hang_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

} // namespace

tcp_transport::tcp_transport(int descriptor, const endpoint& remote,
                             const endpoint& local, std::uint32_t magic, epoll_loop& loop,
                             std::shared_ptr<traffic_totals> totals,
                             std::shared_ptr<const node_clock> clock,
                             wire::payload_pool_ptr pool)
    : watched_socket(descriptor), loop_(loop), totals_(std::move(totals)),
      clock_(std::move(clock)), remote_(remote), local_(local),
      decoder_(magic, std::move(pool)) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  decoder_.pause_after(wire::command::verack);
}

void tcp_transport::set_sink(const caf::strong_actor_ptr& sink) {
  std::lock_guard guard{mutex_};
  sink_ = caf::actor_cast<caf::weak_actor_ptr>(sink);
}

void tcp_transport::grant() {
  {
    std::lock_guard guard{mutex_};
    ++credit_;
    if (!std::exchange(waiting_for_credit_, false))
      return;
  }
  loop_.wake(shared_from_this());
}

void tcp_transport::finish_handshake() {
  {
    std::lock_guard guard{mutex_};
    credit_ += batches_ahead;
    handshake_over_ = true;
    if (!std::exchange(waiting_for_credit_, false))
      return;
  }
  loop_.wake(shared_from_this());
}

watched_socket::next_step tcp_transport::on_ready(std::uint32_t changes) {
  readable_ = readable_ || (changes & (EPOLLIN | hang_up)) != 0;
  hung_up_ = hung_up_ || (changes & hang_up) != 0;
  bool may_read = false, raise_limit = false, room_to_send = false;
  {
    std::lock_guard guard{mutex_};
    if (closed_)
      return next_step::forget;
    room_to_send = waiting_for_room_ && (changes & (EPOLLOUT | hang_up)) != 0;
    if (!reading_ended_ && (readable_ || decoder_.paused())) {
      may_read = credit_ > 0;
      waiting_for_credit_ = !may_read;
      raise_limit = may_read && std::exchange(handshake_over_, false);
    }
  }
  if (room_to_send)
    on_room_to_send();
  return may_read ? read_on(raise_limit) : next_step::wait;
}

/// Delivers one batch: of frames behind a verack, or of what there is to read.
watched_socket::next_step tcp_transport::read_on(bool raise_limit) {
  std::vector<wire::frame> frames;
  std::optional<peer_exit> end;
  if (raise_limit) {
    decoder_.set_payload_limit(wire::limits::payload);
    decoder_.resume(frames);
  } else if (decoder_.paused()) { // by a verack that did not end the handshake
    decoder_.resume_until_next(frames);
  }
  if (frames.empty() && readable_ && decoder_.error() == wire::frame_error::none)
    end = read(frames);
  if (!end && decoder_.error() != wire::frame_error::none)
    end = exit_of(decoder_.error());
  if (!frames.empty())
    deliver_batch(std::move(frames));
  if (end)
    end_reading(*end);
  return !end && (readable_ || decoder_.paused()) ? next_step::again : next_step::wait;
}

/// Reads until there is a batch, or nothing more to read; returns how the stream ends.
std::optional<peer_exit> tcp_transport::read(std::vector<wire::frame>& frames) {
  for (std::size_t taken = 0; taken < most_of_payload;) {
    // The rest of a large payload goes straight to its place.
    auto direct = decoder_.direct_buffer();
    auto buffer = direct.empty() ? scratch() : direct;
    buffer = buffer.first(std::min(buffer.size(), most_of_payload - taken));
    auto count = ::recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count > 0) {
      auto size = static_cast<std::size_t>(count);
      taken += size;
      totals_->received.fetch_add(size, std::memory_order_relaxed);
      received_.fetch_add(size, std::memory_order_relaxed);
      last_received_.store(clock_->precise_now(), std::memory_order_relaxed);
      if (direct.empty())
        decoder_.feed(buffer.first(size), frames);
      else
        decoder_.commit(size, frames);
      // A short read has emptied the socket, and epoll will tell of more, except of an
      // end that came before the read.
      readable_ = size == buffer.size() || hung_up_;
      if (!readable_ || !frames.empty() || decoder_.error() != wire::frame_error::none)
        break;
    } else if (count == 0) {
      return end_of_stream();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      readable_ = false;
      break;
    } else if (errno != EINTR) {
      return peer_exit::socket_error;
    }
  }
  return std::nullopt;
}

peer_exit tcp_transport::end_of_stream() const {
  return decoder_.mid_message() ? peer_exit::truncated_message : peer_exit::remote_closed;
}

void tcp_transport::deliver_batch(std::vector<wire::frame>&& frames) {
  caf::weak_actor_ptr sink;
  {
    std::lock_guard guard{mutex_};
    --credit_; // before the receiver can give more
    sink = sink_;
  }
  deliver(sink, frame_batch{std::move(frames)});
}

void tcp_transport::end_reading(peer_exit reason) {
  reading_ended_ = true;
  caf::weak_actor_ptr sink;
  {
    std::lock_guard guard{mutex_};
    if (closed_)
      return;
    if (reset_ &&
        (reason == peer_exit::remote_closed || reason == peer_exit::truncated_message))
      reason = peer_exit::socket_error;
    sink = sink_;
  }
  deliver(sink, transport_closed{reason});
}

transport::send_result tcp_transport::send(std::vector<wire::slice> slices) {
  using enum send_result;
  std::lock_guard guard{mutex_};
  if (closed_)
    return accepted; // the sink is told of the end by `transport_closed`
  if (waiting_for_room_)
    unsent_.push(slices);
  else if (!send_at_once(slices))
    wait_for_room_to_send();
  if (is_over_unsent_limit(unsent_.held()))
    return overflow;
  if (unsent_.held() > unsent_pause)
    congested_ = true;
  return congested_ ? congested : accepted;
}

/// One write of as much as the socket takes.
tcp_transport::written tcp_transport::write(iovec* pieces, std::size_t count) {
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  for (;;) {
    const auto sent = ::sendmsg(descriptor(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      const auto bytes = static_cast<std::size_t>(sent);
      totals_->sent.fetch_add(bytes, std::memory_order_relaxed);
      sent_.fetch_add(bytes, std::memory_order_relaxed);
      if (bytes > 0)
        last_sent_.store(clock_->precise_now(), std::memory_order_relaxed);
      return {bytes, true};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return {0, true};
    if (errno != EINTR) {
      // Reading reports the end, but the socket tells an error only once. EPIPE is none:
      // the remote closed before.
      reset_ = reset_ || errno != EPIPE;
      return {0, false};
    }
  }
}

/// Sends slices at once as far as the socket takes them, and queues the rest. True if
/// there is no rest, or the socket is broken.
bool tcp_transport::send_at_once(std::span<const wire::slice> slices) {
  while (!slices.empty()) {
    iovec pieces[pieces_per_write];
    const auto used = std::min(slices.size(), pieces_per_write);
    std::size_t offered = 0;
    for (std::size_t i = 0; i < used; ++i) {
      pieces[i] = {const_cast<std::byte*>(slices[i].data()), slices[i].size()};
      offered += slices[i].size();
    }
    const auto result = write(pieces, used);
    if (!result.usable)
      return true;
    if (result.bytes < offered) {
      unsent_.push(slices, result.bytes);
      return false;
    }
    slices = slices.subspan(used);
  }
  return true;
}

/// Sends as much of the queue as the socket takes; true if that was everything, or the
/// socket is broken.
bool tcp_transport::send_queued() {
  while (!unsent_.empty()) {
    iovec pieces[pieces_per_write];
    const auto result = write(pieces, unsent_.gather(pieces, pieces_per_write));
    if (!result.usable)
      unsent_.clear();
    else if (result.bytes == 0)
      return false;
    unsent_.consume(result.bytes);
  }
  return true;
}

void tcp_transport::wait_for_room_to_send() {
  waiting_for_room_ = true;
  // Few connections ever come here; the others need not be told of room.
  if (!std::exchange(watches_room_, true))
    loop_.watch_room_to_send(*this);
}

void tcp_transport::on_room_to_send() {
  caf::weak_actor_ptr sink;
  {
    std::lock_guard guard{mutex_};
    waiting_for_room_ = false;
    if (closed_)
      return;
    if (!send_queued())
      wait_for_room_to_send();
    if (!congested_ || unsent_.bytes() > unsent_resume)
      return;
    congested_ = false;
    sink = sink_;
  }
  deliver(sink, transport_drained{});
}

std::size_t tcp_transport::unsent_bytes() const {
  std::lock_guard guard{mutex_};
  return unsent_.held();
}

transport_traffic tcp_transport::traffic() const {
  return {received_.load(std::memory_order_relaxed),
          sent_.load(std::memory_order_relaxed),
          last_received_.load(std::memory_order_relaxed),
          last_sent_.load(std::memory_order_relaxed)};
}

transport_backlog tcp_transport::backlog() const {
  auto ask = [this](unsigned long question) -> std::uint64_t {
    int bytes = 0;
    return ::ioctl(descriptor(), question, &bytes) == 0 && bytes > 0
             ? static_cast<std::uint64_t>(bytes)
             : 0;
  };
  return {ask(SIOCINQ), ask(SIOCOUTQ)};
}

void tcp_transport::close() {
  {
    std::lock_guard guard{mutex_};
    closed_ = true;
    unsent_.clear();
  }
  loop_.wake(shared_from_this()); // the loop forgets it, which closes the socket
}

} // namespace peerage
