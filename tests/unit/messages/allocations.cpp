// SPDX-License-Identifier: MIT
#include "tests/unit/messages/allocations.hpp"

#include "tests/support/sanitized.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> total{0};

} // namespace

std::size_t peerage::test::allocated_bytes() {
  return total.load(std::memory_order_relaxed);
}

#ifdef PEERAGE_SANITIZED

// A sanitizer has operators of its own, and tells of what they hand out.
extern "C" void __sanitizer_malloc_hook(const volatile void*, std::size_t size) {
  total.fetch_add(size, std::memory_order_relaxed);
}

#else

// The array, nothrow and sized forms of the standard library end up in these two.

void* operator new(std::size_t size) {
  total.fetch_add(size, std::memory_order_relaxed);
  if (auto* memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc{};
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

#endif
