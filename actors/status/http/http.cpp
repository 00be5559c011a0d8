// SPDX-License-Identifier: MIT
#include "actors/status/http/http.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/sec.hpp>
#include <nlohmann/json.hpp>

namespace peerage {

http_reply http_error(http::status status, std::string_view what) {
  return http_json({{"error", what}}, status);
}

std::string json_text(const nlohmann::json& x) {
  return x.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

http_reply http_json(const nlohmann::json& body, http::status status) {
  return {status, json_text(body) + "\n"};
}

http_reply http_source_failed(const caf::error& why) {
  if (why == caf::sec::request_timeout)
    return http_error(http::status::gateway_timeout, "the node did not answer in time");
  return http_error(http::status::service_unavailable, "the node is stopping");
}

void http_executor::post(std::function<void()> task) {
  std::lock_guard guard{mutex_};
  if (context_)
    boost::asio::post(*context_, std::move(task));
}

void http_executor::post_after(std::chrono::nanoseconds delay,
                               std::function<void()> task) {
  std::lock_guard guard{mutex_};
  if (!context_)
    return;
  auto timer = std::make_shared<boost::asio::steady_timer>(*context_, delay);
  timer->async_wait([timer, task = std::move(task)](boost::system::error_code error) {
    if (!error)
      task();
  });
}

void http_executor::close() {
  std::lock_guard guard{mutex_};
  context_ = nullptr;
}

void cancellation::cancel() {
  std::function<void()> act;
  {
    std::lock_guard guard{mutex_};
    cancelled_ = true;
    act.swap(act_);
  }
  if (act)
    act();
}

void cancellation::on_cancel(std::function<void()> act) {
  {
    std::lock_guard guard{mutex_};
    if (!cancelled_) {
      act_.swap(act);
      return;
    }
  }
  if (act)
    act();
}

reply_slot::~reply_slot() {
  try {
    answer([] {
      return http_error(http::status::service_unavailable, "the node is stopping");
    });
  } catch (const std::exception&) {
    // Out of memory: the receiver is destroyed, and its waiter sees that.
  }
}

namespace {

/// An exception while an answer is made fails that answer alone.
http_reply made_by(const reply_slot::maker& make) {
  try {
    return make();
  } catch (const std::exception&) {
    auto result =
      http_error(http::status::internal_server_error, "the answer could not be made");
    result.close = true;
    return result;
  }
}

} // namespace

void reply_slot::answer(maker make) {
  if (!receive_)
    return;
  door_->post(
    [receive = std::move(receive_), make = std::move(make)] { receive(made_by(make)); });
  receive_ = nullptr;
}

} // namespace peerage
