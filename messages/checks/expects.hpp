// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>

namespace peerage {

[[noreturn]] inline void end_by_broken_precondition(const char* condition,
                                                    const char* file, int line) noexcept {
  std::fprintf(stderr, "peerage: a bug: %s:%d expects %s\n", file, line, condition);
  std::abort();
}

} // namespace peerage

/// Checks a precondition, a "Requires" of a docstring: ends the process, with the
/// condition and the place, if a caller of ours has broken it. Never for what a remote, a
/// file or a person can cause: that has an error of its own.
///
/// In every build, the shipped one included, for it is for conditions that cost a few
/// instructions beside the function that they guard. A dearer one belongs into a test,
/// like `address_buckets::is_consistent`.
#define PEERAGE_EXPECTS(condition)                                                       \
  (static_cast<bool>(condition)                                                          \
     ? void()                                                                            \
     : ::peerage::end_by_broken_precondition(#condition, __FILE__, __LINE__))
