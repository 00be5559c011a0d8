#pragma once

#include "messages/wire/slice.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <vector>

namespace peerage {

/// Slices that wait for a socket, in order, the first one possibly sent in part.
class send_queue {
public:
  bool empty() const { return first_ == slices_.size(); }
  std::size_t bytes() const { return bytes_; }

  void push(std::vector<wire::slice>&& slices) {
    for (const auto& slice : slices)
      bytes_ += slice.size();
    if (empty()) {
      first_ = offset_ = 0;
      slices_ = std::move(slices);
      return;
    }
    for (auto& slice : slices)
      slices_.push_back(std::move(slice));
  }

  /// Describes what to send next in at most `count` pieces; returns how many it used.
  std::size_t gather(iovec* pieces, std::size_t count) const {
    std::size_t used = 0;
    for (auto i = first_; i < slices_.size() && used < count; ++i, ++used) {
      auto view = slices_[i].view();
      if (i == first_)
        view = view.subspan(offset_);
      pieces[used] = {const_cast<std::byte*>(view.data()), view.size()};
    }
    return used;
  }

  /// `count` bytes were sent.
  void consume(std::size_t count) {
    bytes_ -= count;
    offset_ += count;
    while (first_ < slices_.size() && offset_ >= slices_[first_].size()) {
      offset_ -= slices_[first_].size();
      slices_[first_++] = {};
    }
    if (empty())
      clear();
  }

  void clear() {
    // An idle connection keeps no buffer.
    std::vector<wire::slice>{}.swap(slices_);
    first_ = offset_ = bytes_ = 0;
  }

private:
  std::vector<wire::slice> slices_;
  std::size_t first_ = 0;
  std::size_t offset_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace peerage
