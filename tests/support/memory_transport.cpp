// SPDX-License-Identifier: MIT
#include "tests/support/memory_transport.hpp"

#include "actors/transport/send_queue.hpp"
#include "actors/transport/weak_send.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

/// The bytes that the kernel would buffer before a writer has to wait.
constexpr std::size_t receive_window = 256 * 1024;

/// The end that a TRANSPORT's user holds, through `memory_transport`.
class memory_connection : public memory_end {
public:
  memory_connection(std::uint32_t magic, const endpoint& remote, const endpoint& local,
                    memory_host host)
      : remote_(remote), local_(local), decoder_(magic), host_(std::move(host)) {
    decoder_.pause_after(wire::command::verack);
    ++*host_.open;
  }

  std::size_t take(wire::bytes_view bytes) override {
    if (closed_)
      return bytes.size();
    auto room = receive_window - std::min(receive_window, incoming_.size());
    auto taken = bytes.first(std::min(room, bytes.size()));
    incoming_.insert(incoming_.end(), taken.begin(), taken.end());
    pump();
    return taken.size();
  }

  void on_closed() override {
    remote_closed_ = true;
    pump();
  }

  void on_reset() override {
    incoming_.clear();
    reset_ = true;
    pump();
  }

  bool is_used() const override { return sink != nullptr; }
  std::size_t held() const override {
    return incoming_.capacity() + decoder_.buffered() + unsent_.held();
  }
  std::size_t held_for_partial() const override { return decoder_.buffered(); }

  void flush() override {
    auto to = other.lock();
    if (!to || closed_ || flushing_)
      return;
    flushing_ = true; // `take` may call back into here: nothing may be offered twice
    while (!unsent_.empty()) {
      iovec piece;
      unsent_.gather(&piece, 1);
      wire::bytes_view view{static_cast<const std::byte*>(piece.iov_base), piece.iov_len};
      auto taken = to->take(view);
      if (taken == 0)
        break;
      host_.totals->sent += taken;
      traffic_.sent += taken;
      traffic_.last_sent = host_.clock->precise_now();
      unsent_.consume(taken);
    }
    flushing_ = false;
    if (congested_ && unsent_.bytes() <= unsent_resume) {
      congested_ = false;
      deliver(sink, transport_drained{});
    }
  }

  void grant() {
    std::vector<wire::frame> frames;
    if (decoder_.paused())
      decoder_.resume_until_next(frames);
    go_on(std::move(frames), 1);
  }

  void finish_handshake() {
    decoder_.set_payload_limit(wire::limits::payload);
    std::vector<wire::frame> frames;
    decoder_.resume(frames);
    credit_ = 0;
    go_on(std::move(frames), batches_ahead);
  }

  void go_on(std::vector<wire::frame>&& frames, std::size_t granted) {
    credit_ += granted;
    if (!frames.empty())
      deliver_batch(std::move(frames));
    pump();
  }

  transport::send_result send(std::vector<wire::slice> slices) {
    using enum transport::send_result;
    if (closed_)
      return accepted;
    unsent_.push(slices);
    flush();
    if (is_over_unsent_limit(unsent_.held()))
      return overflow;
    if (unsent_.held() > unsent_pause)
      congested_ = true;
    return congested_ ? congested : accepted;
  }

  void close() {
    if (std::exchange(closed_, true))
      return;
    --*host_.open;
    if (auto to = other.lock())
      to->on_closed();
  }

  endpoint remote() const { return remote_; }
  endpoint local() const { return local_; }
  std::size_t unsent_bytes() const { return unsent_.held(); }
  transport_traffic traffic() const { return traffic_; }
  transport_backlog backlog() const { return {incoming_.size(), 0}; }

  caf::weak_actor_ptr sink;

private:
  void deliver_batch(std::vector<wire::frame>&& frames) {
    --credit_;
    deliver(sink, frame_batch{std::move(frames)});
  }

  void pump() {
    while (credit_ > 0 && !closed_ && !ended_) {
      if (reset_)
        return end(peer_exit::socket_error);
      if (decoder_.error() != wire::frame_error::none)
        return end(exit_of(decoder_.error()));
      if (incoming_.empty()) {
        if (remote_closed_)
          end(decoder_.mid_message() ? peer_exit::truncated_message
                                     : peer_exit::remote_closed);
        return;
      }
      const auto piece = std::exchange(incoming_, {});
      host_.totals->received += piece.size();
      traffic_.received += piece.size();
      traffic_.last_received = host_.clock->precise_now();
      std::vector<wire::frame> frames;
      decoder_.feed(piece, frames);
      if (!frames.empty())
        deliver_batch(std::move(frames));
      if (decoder_.error() != wire::frame_error::none)
        end(exit_of(decoder_.error()));
      if (auto to = other.lock())
        to->flush();
    }
  }

  void end(peer_exit reason) {
    if (!std::exchange(ended_, true))
      deliver(sink, transport_closed{reason});
  }

  endpoint remote_, local_;
  wire::frame_decoder decoder_;
  memory_host host_;
  std::vector<std::byte> incoming_;
  send_queue unsent_;
  transport_traffic traffic_;
  std::size_t credit_ = 0;
  bool closed_ = false;
  bool ended_ = false;
  bool remote_closed_ = false;
  bool reset_ = false;
  bool congested_ = false;
  bool flushing_ = false;
};

class memory_transport : public transport {
public:
  explicit memory_transport(std::shared_ptr<memory_connection> connection)
      : connection_(std::move(connection)) {}
  memory_transport(const memory_transport&) = delete;
  memory_transport& operator=(const memory_transport&) = delete;
  ~memory_transport() override { connection_->close(); }

  endpoint remote() const override { return connection_->remote(); }
  endpoint local() const override { return connection_->local(); }
  void set_sink(const caf::strong_actor_ptr& sink) override {
    connection_->sink = caf::actor_cast<caf::weak_actor_ptr>(sink);
  }
  void grant() override { connection_->grant(); }
  void finish_handshake() override { connection_->finish_handshake(); }
  send_result send(std::vector<wire::slice> slices) override {
    return connection_->send(std::move(slices));
  }
  std::size_t unsent_bytes() const override { return connection_->unsent_bytes(); }
  transport_traffic traffic() const override { return connection_->traffic(); }
  transport_backlog backlog() const override { return connection_->backlog(); }

private:
  std::shared_ptr<memory_connection> connection_;
};

} // namespace

memory_transport_parts make_memory_transport(std::uint32_t magic, const endpoint& remote,
                                             const endpoint& local,
                                             const memory_host& host) {
  auto connection = std::make_shared<memory_connection>(magic, remote, local, host);
  return {std::make_shared<memory_transport>(connection), connection};
}

void memory_remote::send(wire::bytes_view bytes) {
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  flush();
}

void memory_remote::flush() {
  auto to = other.lock();
  if (!to || unsent_.empty())
    return;
  // `take` may call back into here: nothing may be offered twice.
  for (std::size_t taken = 1; taken > 0 && !unsent_.empty();) {
    auto offered = std::exchange(unsent_, {});
    taken = to->take(offered);
    unsent_.insert(unsent_.begin(), offered.begin() + static_cast<std::ptrdiff_t>(taken),
                   offered.end());
  }
}

void memory_remote::close() {
  if (std::exchange(closed_, true))
    return;
  if (auto to = other.lock())
    to->on_closed();
}

void memory_remote::resume_reading() {
  reading_ = true;
  if (auto to = other.lock())
    to->flush();
}

std::vector<std::byte> memory_remote::take_received() {
  return std::exchange(received_, {});
}

std::size_t memory_remote::take(wire::bytes_view bytes) {
  if (!reading_)
    return 0;
  received_.insert(received_.end(), bytes.begin(), bytes.end());
  return bytes.size();
}

} // namespace peerage
