// SPDX-License-Identifier: MIT
#pragma once

#include "actors/status/http/http.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace peerage {

/// Makes a JSON array of possibly thousands of entries, a few at a time. Lives on the
/// HTTP thread, where other work has its turns in between; and so that the actors have
/// theirs on few cores, it pauses for as long as each turn took.
template <class Entry>
class list_reply : public std::enable_shared_from_this<list_reply<Entry>> {
public:
  list_reply(reply_slot_ptr slot, std::vector<Entry> entries)
      : slot_(std::move(slot)), entries_(std::move(entries)) {}

  static constexpr std::size_t entries_per_turn = 32; // less than a millisecond

  void go_on() {
    const auto began = std::chrono::steady_clock::now();
    const auto end = std::min(next_ + entries_per_turn, entries_.size());
    for (; next_ < end; ++next_)
      text_ += (next_ == 0 ? "[" : ",") + json_text(to_json(entries_[next_]));
    if (next_ < entries_.size())
      return slot_->continue_after(std::chrono::steady_clock::now() - began,
                                   [me = this->shared_from_this()] { me->go_on(); });
    text_ += entries_.empty() ? "[]\n" : "]\n";
    slot_->answer([text = shared_text(std::move(text_))] {
      return http_reply{http::status::ok, text};
    });
  }

private:
  reply_slot_ptr slot_;
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
  std::string text_;
};

/// Answers with a JSON array of these; from any thread.
template <class Entry>
void answer_list(const reply_slot_ptr& slot, std::vector<Entry> entries) {
  auto list = std::make_shared<list_reply<Entry>>(slot, std::move(entries));
  slot->continue_with([list] { list->go_on(); });
}

} // namespace peerage
