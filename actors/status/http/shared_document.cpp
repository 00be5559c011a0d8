// SPDX-License-Identifier: MIT
#include "actors/status/http/shared_document.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace peerage {

using clock = std::chrono::steady_clock;

void shared_document::ask(reply_slot_ptr reader) {
  waiting_.push_back(std::move(reader));
  if (busy_ && !resting_ && making_.expired())
    give_up(); // its reply was lost on its way
  begin();
}

void shared_document::begin() {
  if (busy_ || waiting_.empty())
    return;
  busy_ = true;
  begun_ = clock::now();
  served_.swap(waiting_);
  auto token = std::make_shared<char>();
  making_ = token;
  make_(std::make_shared<reply_slot>(
    door_, [weak = weak_from_this(), token](const http_reply& made) {
      if (auto me = weak.lock())
        me->on_made(made);
    }));
}

/// Dropping the slots tells the waiting clients.
void shared_document::give_up() {
  served_.clear();
  busy_ = false;
}

void shared_document::on_made(const http_reply& made) {
  const auto readers = std::exchange(served_, {});
  resting_ = rest_ > 0;
  try {
    for (const auto& reader : readers)
      reader->answer([made] { return made; });
    auto rest = std::min<clock::duration>(rest_ * (clock::now() - begun_), longest_rest);
    if (resting_)
      door_->post_after(rest, [weak = weak_from_this()] {
        if (auto me = weak.lock())
          me->on_rested();
      });
  } catch (const std::exception&) { // out of memory: must not rest for ever
    resting_ = false;
  }
  if (!resting_)
    on_rested();
}

void shared_document::on_rested() {
  resting_ = false;
  busy_ = false;
  begin();
}

} // namespace peerage
