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

/// What the parts of the status server say to each other about one HTTP exchange.
namespace peerage {

namespace http = boost::beast::http;

using http_request = http::request<http::string_body>;

/// A text that does not change; copies are the same one, however many clients get it.
class shared_text {
public:
  shared_text() = default;
  shared_text(std::string x) : text_(std::make_shared<const std::string>(std::move(x))) {}
  std::string_view view() const { return text_ ? *text_ : std::string_view{}; }

private:
  std::shared_ptr<const std::string> text_;
};

/// A long body that is made while it goes out, so that only a part of it is ever there.
/// Lives on the HTTP thread.
class body_source {
public:
  virtual ~body_source() = default;
  using taker = std::function<void(std::string)>;
  /// Calls `take` with the next piece, an empty one after the last; later, never from
  /// within. To be asked again after that only. Whatever it waits for ends with it.
  virtual void next(taker take) = 0;
};

struct http_reply {
  http::status status = http::status::ok;
  shared_text body; ///< JSON unless `content_type` says otherwise.
  std::string content_type = "application/json";
  std::string allow = {};                   ///< For 405: the methods that would do.
  std::string authenticate = {};            ///< For 401: how to say who one is.
  std::string content_security_policy = {}; ///< For pages.
  std::shared_ptr<body_source> source = {}; ///< Instead of `body`.
  bool close = false;                       ///< The connection is of no further use.
};

/// As it goes out; what is no UTF-8 is replaced.
std::string json_text(const nlohmann::json& x);

/// `{"error":"..."}`.
http_reply http_error(http::status status, std::string_view what);

http_reply http_json(const nlohmann::json& body, http::status status = http::status::ok);

/// The owner of what was asked for did not say: 504 if it was slow, else 503.
http_reply http_source_failed(const caf::error& why);

/// The way back to the HTTP thread, from any other. Closed before that thread's
/// io_context goes, so that a late answer finds nothing instead of a dangling pointer.
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

/// Tells those who wait for something on behalf of a client that it is gone. From any
/// thread.
class cancellation {
public:
  /// The client is gone. Once.
  void cancel();
  /// What to do then, instead of what was to be done before; at once if it is gone
  /// already.
  void on_cancel(std::function<void()> act);

private:
  std::mutex mutex_;
  bool cancelled_ = false;
  std::function<void()> act_;
};

using cancellation_ptr = std::shared_ptr<cancellation>;

/// Where the one answer to one request goes. Any thread may answer; the reply is made on
/// the HTTP thread, so that rendering a long one costs no actor its turn. If it goes
/// unanswered (the actor that had it is gone), the client gets a 503.
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

  /// To be called, on the HTTP thread, by who answers when something happens, in minutes
  /// maybe. False: too many wait already.
  bool wait() const { return !may_wait_ || may_wait_(); }

  /// Whether the client is still there.
  const cancellation_ptr& client() const { return client_; }
  const std::shared_ptr<http_executor>& door() const { return door_; }

  /// Goes on with making the answer after others on the HTTP thread had their turns.
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
