// SPDX-License-Identifier: MIT
#pragma once

/// PEERAGE_SANITIZED is defined in a build with AddressSanitizer or ThreadSanitizer: for
/// tests whose work takes ten times as long there, or that count what is allocated.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) // g++
#define PEERAGE_SANITIZED
#elif defined(__has_feature) // clang++
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PEERAGE_SANITIZED
#endif
#endif
