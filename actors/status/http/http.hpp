// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>
#include <caf/error.hpp>
#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

/// One HTTP exchange, as the parts of the status server pass it to each other.
namespace peerage {

namespace http = boost::beast::http;

using http_request = http::request<http::string_body>;

/// An immutable text; copies share it, however many clients get it.
class shared_text {
public:
  shared_text() = default;
  shared_text(std::string x) : text_(std::make_shared<const std::string>(std::move(x))) {}
  std::string_view view() const { return text_ ? *text_ : std::string_view{}; }

private:
  std::shared_ptr<const std::string> text_;
};

/// A long body that is made while it is sent, so that only a part of it exists at a time.
/// Lives on the HTTP thread.
class body_source {
public:
  virtual ~body_source() = default;
  using taker = std::function<void(std::string)>;
  /// Calls `take` with the next piece, an empty one after the last; later, never from
  /// within. Call it again only after that. Its destruction cancels what it waits for.
  virtual void next(taker take) = 0;
};

struct http_reply {
  http::status status = http::status::ok;
  shared_text body; ///< JSON unless `content_type` says otherwise.
  std::string content_type = "application/json";
  std::string allow = {};                   ///< For 405: the allowed methods.
  std::string authenticate = {};            ///< For 401: how to authenticate.
  std::string content_security_policy = {}; ///< For pages.
  std::shared_ptr<body_source> source = {}; ///< Instead of `body`.
  bool close = false;                       ///< Close the connection after this reply.
};

/// The text to send; invalid UTF-8 is replaced.
std::string json_text(const nlohmann::json& x);

/// `{"error":"..."}`.
http_reply http_error(http::status status, std::string_view what);

http_reply http_json(const nlohmann::json& body, http::status status = http::status::ok);

/// An owner that did not answer: 504 if it was slow, else 503.
http_reply http_source_failed(const caf::error& why);

/// The way back to the HTTP thread, from any other. Closed before that thread's
/// io_context is destroyed, so that a late answer finds no dangling pointer.
class http_executor {
public:
  explicit http_executor(boost::asio::io_context& context) : context_(&context) {}
  void post(std::function<void()> task);
  void post_after(std::chrono::nanoseconds delay, std::function<void()> task);
  void close();

private:
  std::mutex mutex_;
  boost::asio::io_context* context_;
};

/// Calls off waits on behalf of a client that is gone. Thread-safe.
class cancellation {
public:
  /// The client is gone. Call it once.
  void cancel();
  /// Sets what to do then, in place of an earlier function; calls it at once if the
  /// client is gone already.
  void on_cancel(std::function<void()> act);

private:
  std::mutex mutex_;
  bool cancelled_ = false;
  std::function<void()> act_;
};

using cancellation_ptr = std::shared_ptr<cancellation>;

/// Takes the one answer to one request. Any thread may answer; the reply is made on the
/// HTTP thread, so that rendering a long one holds up no actor. If the slot is destroyed
/// unanswered (its actor is gone), the client gets a 503.
class reply_slot {
public:
  using maker = std::function<http_reply()>;
  using receiver = std::function<void(http_reply)>;
  using waiting_check = std::function<bool()>;

  /// @param may_wait Asked on the HTTP thread whether one more may wait.
  reply_slot(std::shared_ptr<http_executor> door, receiver receive,
             waiting_check may_wait = {})
      : door_(std::move(door)), receive_(std::move(receive)),
        may_wait_(std::move(may_wait)), client_(std::make_shared<cancellation>()) {}
  reply_slot(const reply_slot&) = delete;
  reply_slot& operator=(const reply_slot&) = delete;
  ~reply_slot();

  /// Only the first call counts.
  void answer(maker make);

  /// Call it, on the HTTP thread, before an answer that waits for an event, maybe
  /// minutes. False: too many wait already.
  bool wait() const { return !may_wait_ || may_wait_(); }

  /// Tells whether the client is still there.
  const cancellation_ptr& client() const { return client_; }
  const std::shared_ptr<http_executor>& door() const { return door_; }

  /// Continues making the answer after other work on the HTTP thread.
  void continue_with(std::function<void()> task) { door_->post(std::move(task)); }
  void continue_after(std::chrono::nanoseconds pause, std::function<void()> task) {
    door_->post_after(pause, std::move(task));
  }

private:
  std::shared_ptr<http_executor> door_;
  receiver receive_;
  waiting_check may_wait_;
  cancellation_ptr client_;
};

using reply_slot_ptr = std::shared_ptr<reply_slot>;

} // namespace peerage
