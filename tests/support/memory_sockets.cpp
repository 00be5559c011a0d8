// SPDX-License-Identifier: MIT
#include "tests/support/memory_sockets.hpp"

#include "actors/transport/send_queue.hpp"
#include "actors/transport/weak_send.hpp"

#include <deque>

namespace peerage {

namespace {

/// The bytes that the kernel would buffer before a writer has to wait.
constexpr std::size_t receive_window = 256 * 1024;

/// The end that a TRANSPORT's user holds, through `memory_transport`.
class memory_connection : public memory_end {
public:
  memory_connection(std::uint32_t magic, const endpoint& remote, const endpoint& local,
                    std::shared_ptr<traffic_totals> totals,
                    std::shared_ptr<const node_clock> clock,
                    std::shared_ptr<std::size_t> open)
      : remote_(remote), local_(local), decoder_(magic), totals_(std::move(totals)),
        clock_(std::move(clock)), open_(std::move(open)) {
    decoder_.pause_after(wire::command::verack);
    ++*open_;
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
      totals_->sent += taken;
      traffic_.sent += taken;
      traffic_.last_sent = clock_->precise_now();
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
    --*open_;
    if (auto to = other.lock())
      to->on_closed();
  }

  endpoint remote() const { return remote_; }
  endpoint local() const { return local_; }
  std::size_t unsent_bytes() const { return unsent_.held(); }
  transport_traffic traffic() const { return traffic_; }
  transport_backlog backlog() const { return {incoming_.size(), 0}; }

  caf::weak_actor_ptr sink;
  std::weak_ptr<memory_end> other;

private:
  void deliver_batch(std::vector<wire::frame>&& frames) {
    --credit_;
    deliver(sink, frame_batch{std::move(frames)});
  }

  void pump() {
    while (credit_ > 0 && !closed_ && !ended_) {
      if (decoder_.error() != wire::frame_error::none)
        return end(exit_of(decoder_.error()));
      if (incoming_.empty()) {
        if (remote_closed_)
          end(decoder_.mid_message() ? peer_exit::truncated_message
                                     : peer_exit::remote_closed);
        return;
      }
      std::vector<std::byte> piece{incoming_.begin(), incoming_.end()};
      incoming_.clear();
      totals_->received += piece.size();
      traffic_.received += piece.size();
      traffic_.last_received = clock_->precise_now();
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
  std::shared_ptr<traffic_totals> totals_;
  std::shared_ptr<const node_clock> clock_;
  std::shared_ptr<std::size_t> open_;
  std::deque<std::byte> incoming_;
  send_queue unsent_;
  transport_traffic traffic_;
  std::size_t credit_ = 0;
  bool closed_ = false;
  bool ended_ = false;
  bool remote_closed_ = false;
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

class memory_sockets::listener : public acceptor {
public:
  listener(const endpoint& at, std::uint32_t magic, std::shared_ptr<bool> starved)
      : local_(at), magic_(magic), starved_(std::move(starved)) {}

  endpoint local() const override { return local_; }
  std::uint32_t magic() const { return magic_; }

  void start(const caf::strong_actor_ptr& sink, std::size_t token,
             std::size_t credit) override {
    token_ = token;
    sink_ = caf::actor_cast<caf::weak_actor_ptr>(sink);
    grant(credit);
  }

  void grant(std::size_t credit) override {
    credit_ += credit;
    hand_over();
  }

  void add(transport_ptr connection) {
    waiting_.push_back(std::move(connection));
    if (*starved_ && credit_ > 0)
      deliver(sink_, out_of_descriptors{});
    hand_over();
  }

  void hand_over() {
    if (*starved_)
      return;
    for (; credit_ > 0 && !waiting_.empty(); --credit_) {
      deliver(sink_, accepted{std::move(waiting_.front()), token_});
      waiting_.pop_front();
    }
  }

private:
  endpoint local_;
  std::uint32_t magic_;
  std::shared_ptr<bool> starved_;
  std::size_t credit_ = 0;
  std::size_t token_ = 0;
  std::deque<transport_ptr> waiting_;
  caf::weak_actor_ptr sink_;
};

std::pair<transport_ptr, memory_remote_ptr>
memory_sockets::open_pair(std::uint32_t magic, const endpoint& remote,
                          const endpoint& local) {
  auto ours =
    std::make_shared<memory_connection>(magic, remote, local, totals_, clock_, open_);
  auto theirs = std::make_shared<memory_remote>();
  ours->other = theirs;
  theirs->other = ours;
  return {std::make_shared<memory_transport>(std::move(ours)), std::move(theirs)};
}

memory_remote_ptr memory_sockets::connect_to(const endpoint& at, const endpoint& from) {
  auto found = listeners_.find(at);
  auto target = found == listeners_.end() ? nullptr : found->second.lock();
  if (!target)
    return nullptr;
  auto [ours, theirs] = open_pair(target->magic(), from, at);
  target->add(std::move(ours));
  return theirs;
}

void memory_sockets::starve_acceptors(bool starved) {
  *starved_ = starved;
  for (const auto& [at, weak] : listeners_)
    if (auto target = weak.lock())
      target->hand_over();
}

std::shared_ptr<void> memory_sockets::open_connection(const endpoint& to,
                                                      std::uint32_t magic,
                                                      const caf::strong_actor_ptr& sink) {
  ++dials_started_;
  ++*dials_;
  std::shared_ptr<void> token{nullptr, [dials = dials_](void*) { --*dials; }};
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(sink);
  auto from = ipv4_endpoint(127, 0, 0, 1, next_port_++);
  if (black_holes_.count(to) > 0)
    return token;
  if (auto scripted = scripted_.find(to); scripted != scripted_.end()) {
    auto [ours, theirs] = open_pair(magic, to, from);
    deliver(weak, connected{std::move(ours)});
    scripted->second(std::move(theirs));
    return token;
  }
  auto found = listeners_.find(to);
  auto target = found == listeners_.end() ? nullptr : found->second.lock();
  if (!target) {
    deliver(weak, connect_failed{peer_exit::connect_refused});
    return token;
  }
  auto dialing =
    std::make_shared<memory_connection>(magic, to, from, totals_, clock_, open_);
  auto answering = std::make_shared<memory_connection>(target->magic(), from, to, totals_,
                                                       clock_, open_);
  dialing->other = answering;
  answering->other = dialing;
  deliver(weak, connected{std::make_shared<memory_transport>(std::move(dialing))});
  target->add(std::make_shared<memory_transport>(std::move(answering)));
  return token;
}

acceptor_ptr memory_sockets::listen(const endpoint& at, std::uint32_t magic,
                                    std::string& error) {
  auto where = at.port == 0 ? at.with_port(next_port_++) : at;
  if (auto& slot = listeners_[where]; !slot.expired()) {
    error = "cannot listen on " + to_string(where) + ": Address already in use";
    return nullptr;
  } else {
    auto result = std::make_shared<listener>(where, magic, starved_);
    slot = result;
    return result;
  }
}

} // namespace peerage
