// SPDX-License-Identifier: MIT
#include "actors/status/http/http_session.hpp"

#include "actors/base/log.hpp"
#include "actors/status/http/client_presence.hpp"
#include "actors/status/http/http_framing.hpp"
#include "actors/status/http/http_head.hpp"
#include "actors/status/http/http_sessions.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>

namespace peerage {

using boost::system::error_code;

namespace {

/// Frees the memory of a text, which an assignment would keep.
void release(std::string& text) noexcept {
  std::string().swap(text);
}

/// Reads a request, has it routed, writes the reply, and again. One request at a time:
/// the next one is not read before the reply to the last one is written, but the socket
/// is watched: a client that is gone ends its request.
class session final : public http_session, public std::enable_shared_from_this<session> {
public:
  session(http_sessions& all, std::shared_ptr<http_address> at, http_sessions::id id,
          status_socket socket)
      : all_(all), at_(std::move(at)), id_(id), socket_(std::move(socket)) {}

  void start() {
    guarded([this] {
      socket_.non_blocking(true);
      rest();
    });
  }

  void on_tick(session_clock::time_point now) override {
    guarded([&] { look_at_time(now); });
  }

  void end() override {
    if (std::exchange(ended_, true))
      return;
    const auto me = self(); // alive until the end of this function
    error_code ignored;
    socket_.close(ignored);
    at_->places.remove(id_);
    let_go();
    all_.open.erase(id_);
    try {
      if (client_)
        client_->cancel();
    } catch (const std::exception&) {
      // Out of memory: the waits of the session end by their own time.
    }
  }

private:
  enum class stage : std::uint8_t { reading, answering, writing, leaving };

  std::shared_ptr<session> self() { return shared_from_this(); }

  /// An exception ends this session only.
  template <class Act>
  void guarded(Act act) noexcept {
    if (ended_)
      return;
    try {
      act();
    } catch (const std::exception& problem) {
      try {
        log::error("status: a connection ends: {}", problem.what());
      } catch (const std::exception&) {
        // Not even that.
      }
      end();
    }
  }

  // -- what comes -----------------------------------------------------------------------

  /// Waits until there is something to read, or the client has gone.
  void watch() {
    if (!watching_.expired())
      return;
    auto token = std::make_shared<char>();
    watching_ = token;
    socket_.async_wait(status_socket::wait_read,
                       [me = self(), token](error_code error) mutable {
                         token = nullptr;
                         me->guarded([&] { me->on_readable(error); });
                       });
  }

  void on_readable(error_code error) {
    if (error)
      return end();
    switch (stage_) {
    case stage::reading: return receive();
    case stage::answering: hasty_ = true; return look_for();
    case stage::writing: return; // the write fails if the client is gone
    case stage::leaving: return discard();
    }
  }

  /// The next bytes of the client; empty: waits for more.
  std::string_view read_some() {
    error_code error;
    const auto size = socket_.read_some(boost::asio::buffer(all_.scratch), error);
    if (error == boost::asio::error::would_block)
      watch();
    else if (error)
      end(); // closed, or reset
    return {all_.scratch.data(), error ? 0 : size};
  }

  void receive() {
    const auto some = read_some();
    if (some.empty())
      return;
    pending_ += some;
    advance();
  }

  void discard() {
    const auto some = read_some();
    discarded_ += some.size();
    if (some.empty())
      return;
    if (discarded_ > status_limits::linger_bytes)
      return end();
    watch();
  }

  /// The client has sent more, or has closed at least one direction.
  void look_for() {
    heard_ = true;
    if (look_for_client(socket_.native_handle()) == client_presence::gone)
      end();
  }

  // -- the request ----------------------------------------------------------------------

  /// Continues with the bytes read.
  void advance() {
    if (!body_ && !begin_request())
      return;
    using state = body_decoder::state;
    std::string_view bytes = pending_;
    const auto found = body_->decode(bytes, keeps_body_ ? &request_.body() : nullptr);
    count_body();
    pending_.erase(0, pending_.size() - bytes.size());
    if (held_body_ > status_limits::small_call_bytes &&
        all_.body_bytes > status_limits::all_bodies_bytes)
      return reject(http::status::service_unavailable, "too many long calls are coming");
    switch (found) {
    case state::more: return watch();
    case state::complete: return serve();
    case state::malformed:
      return reject(http::status::bad_request, "this is not HTTP: a broken chunk");
    case state::too_long: return reject_long_body();
    }
  }

  /// Reads the head and chooses the handler of the request; false if the head is not
  /// complete yet, or is refused.
  bool begin_request() {
    const auto end = find_head_end(pending_);
    if (end.found == head_end::state::malformed) {
      reject(http::status::bad_request, "this is not HTTP");
      return false;
    }
    if (pending_.size() > status_limits::header_bytes &&
        (end.found != head_end::state::complete ||
         end.size > status_limits::header_bytes)) {
      reject(http::status::request_header_fields_too_large,
             "the header is longer than 8 KiB");
      return false;
    }
    if (end.found == head_end::state::incomplete) {
      watch();
      return false;
    }
    auto read = read_head(std::string_view(pending_).substr(0, end.size));
    pending_.erase(0, end.size);
    if (auto* refusal = std::get_if<http_reply>(&read)) {
      on_reply(std::move(*refusal));
      return false;
    }
    auto& head = std::get<http_head>(read);
    version_ = head.request.version();
    head_only_ = head.request.method() == http::verb::head;
    keep_alive_ = head.request.keep_alive();
    const auto given = head.request[http::field::authorization];
    has_cookie_ = all_.cookie && all_.cookie->accepts({given.data(), given.size()});
    const auto verdict = at_->places.identify(id_, has_cookie_, all_.now());
    if (verdict.leaves)
      all_.end(*verdict.leaves);
    if (!verdict.admitted) {
      reject(http::status::service_unavailable, "too many calls are under way");
      return false;
    }
    judge(head);
    if (head.length > status_limits::body_bytes) {
      reject_long_body();
      return false;
    }
    if (head.expects_continue) {
      // It sends nothing until it hears something.
      if (refusal_) {
        refusal_->close = true;
        on_reply(std::move(*refusal_));
        return false;
      }
      say_continue();
      if (ended_)
        return false;
    }
    keeps_body_ = !refusal_ && has_cookie_;
    body_.emplace(head, status_limits::body_bytes);
    request_ = std::move(head.request);
    length_ = head.length;
    if (keeps_body_) // takes memory as it comes only, and leaves no holes as it grows
      request_.body().reserve(length_);
    return true;
  }

  /// Whether the request is refused is known before its body has come.
  void judge(const http_head& head) {
    refusal_ = check_host(head);
    if (refusal_ || is_upgrade(head.request))
      return;
    auto found = all_.routes.find(head.request);
    if (auto* refusal = std::get_if<http_reply>(&found))
      refusal_ = std::move(*refusal);
    else
      route_ = std::move(std::get<http_router::found>(found));
  }

  std::optional<http_reply> check_host(const http_head& head) const {
    const auto& request = head.request;
    const auto count = request.count(http::field::host);
    if (count > 1 || (count == 0 && request.version() >= 11))
      return http_error(http::status::bad_request, "exactly one Host header is needed");
    if (!at_->bound)
      return std::nullopt;
    if (head.authority) {
      if (host_allowed(*head.authority, *at_->bound, at_->hosts))
        return std::nullopt;
      return http_error(http::status::bad_request,
                        "the target must name localhost or the address listened on");
    }
    if (count == 0)
      return std::nullopt;
    auto host = request[http::field::host];
    if (host_allowed({host.data(), host.size()}, *at_->bound, at_->hosts))
      return std::nullopt;
    return http_error(
      http::status::forbidden,
      "the Host header must name localhost, the address listened on, or a "
      "name that the node was given with --allow-host");
  }

  /// At once or not at all: a client that does not take these few bytes will not take an
  /// answer.
  void say_continue() {
    constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code error;
    const auto size = socket_.write_some(boost::asio::buffer(text), error);
    if (error || size != text.size())
      end();
  }

  /// The request is complete.
  void serve() {
    if (ended_)
      return;
    body_.reset();
    const auto now = all_.now();
    auto verdict = at_->places.serve(id_, route_.urgent, now);
    if (verdict.leaves)
      all_.end(*verdict.leaves);
    if (!verdict.admitted)
      return reject(http::status::service_unavailable,
                    "too many requests are under way here");
    if (refusal_)
      return on_reply(std::move(*refusal_));
    if (is_upgrade(request_))
      return upgrade();
    stage_ = stage::answering;
    // The slot holds the session weakly: `all_.open` keeps it until it ends, and a slot
    // in some actor's hands must not be what destroys a socket.
    auto token = std::make_shared<char>();
    answer_due_ = token;
    const std::weak_ptr<session> weak = self();
    auto slot = std::make_shared<reply_slot>(
      all_.door,
      [weak, token](http_reply reply) {
        if (auto me = weak.lock())
          me->guarded([&] { me->on_reply(std::move(reply)); });
      },
      [weak] {
        auto me = weak.lock();
        return me && !me->ended_ && me->at_->places.wait(me->id_);
      });
    client_ = slot->client();
    heard_ = false;
    hasty_ = false;
    watch();
    route_.handle(request_, route_.parameters, slot);
    let_go_of_body();
  }

  bool is_upgrade(const http_request& what) const {
    return all_.upgrades && all_.upgrades->is_wanted(what);
  }

  void upgrade() {
    auto refusal = all_.upgrades->refuse(request_, *at_, has_cookie_);
    if (!refusal && !pending_.empty())
      refusal = http_error(http::status::bad_request,
                           "nothing may be sent before the stream is accepted");
    if (refusal)
      return on_reply(std::move(*refusal));
    all_.upgrades->open({at_, id_, std::move(socket_), std::move(request_), has_cookie_});
    end();
  }

  void reject(http::status status, std::string_view why) {
    auto reply = http_error(status, why);
    reply.close = true;
    on_reply(std::move(reply));
  }

  void reject_long_body() {
    reject(http::status::payload_too_large, "the body is longer than 4 MiB");
  }

  // -- the reply ------------------------------------------------------------------------

  void on_reply(http_reply reply) {
    if (ended_)
      return;
    answer_due_.reset();
    if (stage_ == stage::reading)
      stage_ = stage::answering;
    let_go_of_body();
    reply_ = std::move(reply);
    reply_.close = reply_.close || !keep_alive_;
    if (reply_.source)
      return pull();
    const auto body = reply_.body.view();
    held_ = body;
    all_.documents.add(body);
    const auto is_too_much = [&] {
      return body.size() > status_limits::write_bytes &&
             all_.documents.bytes() > status_limits::held_document_bytes;
    };
    while (is_too_much() && make_room())
      ;
    if (is_too_much()) {
      let_go();
      return reject(http::status::service_unavailable,
                    "too many long documents are being read");
    }
    begin_writing(body.size());
    rest_ = head_only_ ? std::string_view{} : body;
    write();
  }

  /// Ends the client that keeps a document by reading it the slowest.
  bool make_room() {
    const auto now = all_.now();
    auto slowest = at_->places.slowest_reader(now);
    if (!slowest)
      return false;
    all_.end(*slowest);
    return true;
  }

  /// Asks for the next piece of a long reply.
  void pull() {
    auto token = std::make_shared<char>();
    answer_due_ = token;
    heard_ = true; // from now on, only the ticks look
    if (stage_ == stage::writing)
      at_->places.work(id_, all_.now());
    reply_.source->next([weak = weak_from_this(), token](std::string piece) {
      if (auto me = weak.lock())
        me->guarded([&] { me->on_piece(std::move(piece)); });
    });
  }

  void on_piece(std::string piece) {
    answer_due_.reset();
    const bool last = piece.empty();
    if (stage_ == stage::writing) { // in chunks, or up to the end of the connection
      if (last)
        reply_.source = nullptr;
      if (chunked_)
        front_ = last ? std::string(last_chunk) : as_chunk(std::move(piece));
      else
        front_ = std::move(piece);
      at_->places.write(id_, written_at_ = all_.now());
      return write();
    }
    gathered_ += piece;
    if (!last && gathered_.size() < status_limits::whole_answer_bytes) {
      at_->places.hurry(id_); // usually a batch
      return pull();
    }
    if (last) {
      reply_.source = nullptr;
      begin_writing(gathered_.size());
      front_ += gathered_;
    } else {
      chunked_ = version_ >= 11;
      reply_.close = reply_.close || !chunked_;
      begin_writing(std::nullopt);
      front_ += chunked_ ? as_chunk(std::move(gathered_)) : gathered_;
    }
    release(gathered_);
    write();
  }

  /// Makes the head. Without a length the body comes in chunks or ends the connection.
  void begin_writing(std::optional<std::size_t> length) {
    stage_ = stage::writing;
    at_->places.write(id_, written_at_ = all_.now());
    const auto end = length     ? body_end::length
                     : chunked_ ? body_end::last_chunk
                                : body_end::close;
    front_ = response_head(reply_, version_, end, length.value_or(0));
  }

  /// A part at a time: other connections have their turns in between.
  void write() {
    const std::string_view front =
      std::string_view(front_).substr(front_written_, status_limits::write_bytes);
    const auto rest = rest_.substr(0, status_limits::write_bytes - front.size());
    if (front.empty() && rest.empty())
      return on_written();
    error_code error;
    const auto size =
      socket_.write_some(std::array{boost::asio::const_buffer(front.data(), front.size()),
                                    boost::asio::const_buffer(rest.data(), rest.size())},
                         error);
    if (error && error != boost::asio::error::would_block)
      return end();
    if (size > 0)
      note_written(size);
    auto token = std::make_shared<char>();
    writing_ = token;
    auto go_on = [me = self(), token](error_code failure = {}) mutable {
      token = nullptr;
      me->guarded([&] { failure ? me->end() : me->write(); });
    };
    if (error)
      socket_.async_wait(status_socket::wait_write, std::move(go_on));
    else
      boost::asio::post(socket_.get_executor(), std::move(go_on));
  }

  /// A client whose answer the kernel has taken is not slow, however long its next turn
  /// takes to come.
  void note_written(std::size_t size) {
    const auto front = std::min(size, front_.size() - front_written_);
    front_written_ += front;
    rest_.remove_prefix(size - front);
    written_at_ = all_.now();
    if (rest_.empty() && front_written_ == front_.size())
      at_->places.work(id_, written_at_);
    else
      at_->places.write(id_, written_at_);
  }

  void on_written() {
    release(front_);
    front_written_ = 0;
    if (reply_.source)
      return pull();
    const bool close = reply_.close;
    let_go();
    if (!close)
      return rest();
    release(pending_);
    stage_ = stage::leaving;
    at_->places.leave(id_, began_ = all_.now());
    error_code error;
    socket_.shutdown(status_socket::shutdown_send, error);
    watch();
  }

  /// Nothing is under way: the next request may come.
  void rest() {
    stage_ = stage::reading;
    began_ = all_.now();
    at_->places.rest(id_, hasty_ || !pending_.empty(), began_);
    client_ = nullptr;
    refusal_.reset();
    route_ = {};
    has_cookie_ = false;
    chunked_ = false;
    head_only_ = false;
    if (pending_.empty())
      pending_.shrink_to_fit();
    else
      return advance();
    watch();
  }

  /// Takes no memory: it is also for when there is none.
  void let_go() {
    if (held_.data())
      all_.documents.remove(held_);
    held_ = {};
    reply_.body = {};
    reply_.source = nullptr;
    let_go_of_body();
  }

  /// Counts the memory of a body: the bytes so far if its length is known, else the
  /// capacity of the text.
  void count_body() {
    const auto& text = request_.body();
    const auto held = length_ > 0 ? text.size() : text.capacity();
    all_.body_bytes += held - held_body_;
    held_body_ = held;
  }

  void let_go_of_body() {
    all_.body_bytes -= std::exchange(held_body_, 0);
    body_.reset();
    release(request_.body());
    request_ = {};
  }

  // -- the time -------------------------------------------------------------------------

  void look_at_time(session_clock::time_point now) {
    switch (stage_) {
    case stage::reading:
      if (watching_.expired() || now - began_ > status_limits::request_deadline)
        end();
      return;
    case stage::answering:
      if (answer_due_.expired())
        return end(); // the answer was lost
      if (heard_ || watching_.expired())
        look_for();
      return;
    case stage::writing:
      if (!answer_due_.expired())
        return look_for(); // the next piece is awaited
      if (writing_.expired() || now - written_at_ > status_limits::reply_deadline)
        end();
      return;
    case stage::leaving:
      if (watching_.expired() || now - began_ > status_limits::linger_deadline)
        end();
      return;
    }
  }

  http_sessions& all_;
  std::shared_ptr<http_address> at_;
  const http_sessions::id id_;
  status_socket socket_;
  stage stage_ = stage::reading;
  bool ended_ = false;
  session_clock::time_point began_;      ///< To read, or to leave.
  session_clock::time_point written_at_; ///< The last part of the reply.
  // These expire when the operation has ended or is lost.
  std::weak_ptr<char> watching_;
  std::weak_ptr<char> writing_;
  std::weak_ptr<char> answer_due_; ///< The reply, or its next piece.
  bool heard_ = false; ///< The client has sent something, or closed, since its request.
  bool hasty_ = false; ///< The same, and before there was an answer.

  std::string pending_; ///< Read, and not yet looked at.
  std::optional<body_decoder> body_;
  http_request request_;
  bool keeps_body_ = false;
  std::uint64_t length_ = 0;  ///< Of the body, unless it is chunked.
  std::size_t held_body_ = 0; ///< Bytes that count in `all_.body_bytes`.
  std::optional<http_reply> refusal_;
  http_router::found route_;
  bool has_cookie_ = false;
  bool head_only_ = false;
  bool keep_alive_ = false;
  unsigned version_ = 11;
  cancellation_ptr client_;

  http_reply reply_;
  std::string gathered_; ///< The begin of a reply that may turn out to be long.
  bool chunked_ = false;
  std::string front_; ///< Goes out first: the head, or a chunk.
  std::size_t front_written_ = 0;
  std::string_view rest_; ///< What is left of the reply's body.
  std::string_view held_; ///< The body that counts in `all_.documents`.
  std::size_t discarded_ = 0;
};

} // namespace

void open_session(http_sessions& all, const std::shared_ptr<http_address>& at,
                  status_socket socket) {
  const auto id = ++all.last_id;
  const auto verdict = at->places.enter(id, all.now());
  if (verdict.leaves)
    all.end(*verdict.leaves);
  if (!verdict.admitted)
    return; // closes it
  try {
    auto fresh = std::make_shared<session>(all, at, id, std::move(socket));
    all.open.emplace(id, fresh);
    fresh->start();
  } catch (const std::exception&) {
    at->places.remove(id);
    all.open.erase(id);
    throw;
  }
}

} // namespace peerage
