// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace peerage {

/// A document that many clients ask for at a time and that takes some work to make. It is
/// made once at a time, for all requests that came before it was begun; a request that
/// comes while it is made waits for the next one. So an answer is never older than its
/// request, and n clients cost no more than two.
///
/// Lives on the HTTP thread. The limit on connections bounds the waiting requests.
class shared_document : public std::enable_shared_from_this<shared_document> {
public:
  /// Begins to make the document; the reply is for the slot.
  using maker = std::function<void(const reply_slot_ptr&)>;

  /// @param rest After each document its making rests for this many times as long as it
  ///             took, so that any number of clients takes only a share of the node.
  shared_document(std::shared_ptr<http_executor> door, maker make, unsigned rest)
      : door_(std::move(door)), make_(std::move(make)), rest_(rest) {}

  void ask(reply_slot_ptr reader);

  /// A rest ends after this time, however long the making took.
  static constexpr std::chrono::seconds longest_rest{1};

private:
  void begin();
  void give_up();
  void on_made(const http_reply& made);
  void on_rested();

  std::shared_ptr<http_executor> door_;
  maker make_;
  unsigned rest_;
  bool busy_ = false;          ///< A document is being made, or its making rests.
  bool resting_ = false;       ///< The latter.
  std::weak_ptr<char> making_; ///< Expires when the document is made or lost.
  std::chrono::steady_clock::time_point begun_;
  std::vector<reply_slot_ptr> served_;  ///< Get the document being made.
  std::vector<reply_slot_ptr> waiting_; ///< Get the next one.
};

} // namespace peerage
