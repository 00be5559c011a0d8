// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/support/sanitized.hpp"

#ifdef PEERAGE_SANITIZED
#include <sanitizer/common_interface_defs.h>

namespace {

// A sanitizer starts llvm-symbolizer when it first asks what is at an address, be it for
// a report that is suppressed then, and keeps two descriptors to it: they must be there
// before a test counts descriptors, or has none left.
[[maybe_unused]] const bool symbolizer_started = [] {
  char name[64];
  __sanitizer_symbolize_pc(__builtin_return_address(0), "%f", name, sizeof name);
  return true;
}();

} // namespace
#endif
