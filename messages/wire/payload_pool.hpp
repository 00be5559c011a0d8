// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace peerage::wire {

/// Reused memory for large payloads. A payload whose length is only announced may get a
/// pooled buffer at once, since that takes no new memory (invariant I11). Without one, a
/// buffer grows as the payload arrives, and then every megabyte costs fresh pages and
/// moves.
///
/// Keeps at most `max_kept` bytes in all. Thread-safe.
class payload_pool : public std::enable_shared_from_this<payload_pool> {
public:
  struct release {
    void operator()(std::byte* memory) const;
  };
  /// Memory that `std::realloc` may move.
  using memory_ptr = std::unique_ptr<std::byte, release>;

  struct buffer {
    memory_ptr memory;
    std::size_t capacity = 0;
  };

  /// The smallest kept buffer of at least `size` bytes, an empty one if there is none.
  /// Never one of more than twice that: keeping a message must not keep many times its
  /// size.
  buffer take(std::size_t size);

  /// Keeps a buffer for later, or frees it.
  void give_back(buffer&& used);

  std::size_t kept_bytes() const;

  /// Smaller buffers are not worth keeping.
  static constexpr std::size_t min_capacity = 128 * 1024;
  /// Two of the network's longest messages.
  static constexpr std::size_t max_kept = 8'000'000;

private:
  mutable std::mutex mutex_;
  std::vector<buffer> kept_;
  std::size_t kept_bytes_ = 0;
};

using payload_pool_ptr = std::shared_ptr<payload_pool>;

} // namespace peerage::wire
