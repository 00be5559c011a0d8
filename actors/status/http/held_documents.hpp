// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string_view>

namespace peerage {

/// Counts the bytes of documents that are kept while they are sent; one with many readers
/// counts once. A plain class.
class held_documents {
public:
  void add(std::string_view text) {
    auto& known = documents_[text.data()];
    if (known.readers++ == 0)
      bytes_ += known.bytes = text.size();
  }

  void remove(std::string_view text) {
    auto found = documents_.find(text.data());
    if (found == documents_.end() || --found->second.readers > 0)
      return;
    bytes_ -= found->second.bytes;
    documents_.erase(found);
  }

  std::size_t bytes() const { return bytes_; }

private:
  struct document {
    std::size_t readers = 0;
    std::size_t bytes = 0;
  };
  std::map<const char*, document> documents_;
  std::size_t bytes_ = 0;
};

} // namespace peerage
