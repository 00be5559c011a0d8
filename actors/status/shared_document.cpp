#include "actors/status/shared_document.hpp"

#include <algorithm>

namespace peerage {

using clock = std::chrono::steady_clock;

void shared_document::ask(reply_slot_ptr reader) {
  waiting_.push_back(std::move(reader));
  begin();
}

void shared_document::begin() {
  if (busy_ || waiting_.empty())
    return;
  busy_ = true;
  begun_ = clock::now();
  served_.swap(waiting_);
  make_(std::make_shared<reply_slot>(door_,
                                     [weak = weak_from_this()](const http_reply& made) {
                                       if (auto me = weak.lock())
                                         me->on_made(made);
                                     }));
}

void shared_document::on_made(const http_reply& made) {
  for (const auto& reader : served_)
    reader->answer([made] { return made; });
  served_.clear();
  if (rest_ == 0)
    return on_rested();
  auto rest = std::min<clock::duration>(rest_ * (clock::now() - begun_), longest_rest);
  door_->post_after(rest, [weak = weak_from_this()] {
    if (auto me = weak.lock())
      me->on_rested();
  });
}

void shared_document::on_rested() {
  busy_ = false;
  begin();
}

} // namespace peerage
