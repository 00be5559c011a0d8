// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

/// Keeps a log short when strangers can cause the same line again and again: lets the
/// first few lines of one kind in a second through, and counts the others. No clock, no
/// output.
class log_merger {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Lines of one kind in one `window` that are written singly: lines that people cause
  /// stay whole, and thousands a second cost a few kilobytes.
  static constexpr std::size_t burst = 10;
  static constexpr std::chrono::seconds window{1};

  /// Lines of one kind that were not written.
  struct merged {
    int level = 0;       ///< The level passed to `admit`.
    std::string example; ///< The first of them.
    std::string members; ///< What else `admit` was told about that one.
    std::size_t count = 0;
  };

  /// Whether to write a line; if not, it is counted. Call `due` with the same `now`
  /// first.
  /// @param kind Lines with the same level and kind are merged. The caller has a bounded
  ///             number of kinds.
  /// @param members Kept with the text of an example.
  bool admit(int level, std::string_view kind, std::string_view text,
             std::string_view members, time_point now);

  /// The counted lines of windows that are over by `now`, the oldest first, each once.
  std::vector<merged> due(time_point now);

  /// The same of all windows; windows that are not over go on.
  std::vector<merged> counted_so_far();

  /// When `due` has something to return next; empty if no line was held back.
  std::optional<time_point> next_due() const;

private:
  struct window_count {
    time_point end;
    std::size_t written = 0;
    merged rest;
  };

  std::vector<merged> take_counts(time_point now);

  std::map<std::string, window_count, std::less<>> kinds_;
};

} // namespace peerage
