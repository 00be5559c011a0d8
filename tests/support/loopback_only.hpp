// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

/// No test program leaves this machine. Whatever links `test_support` gets a `connect`
/// and a `getaddrinfo` of its own instead of libc's: they open connections to loopback
/// and Unix sockets, look up localhost, and refuse everything else without a system call
/// (EACCES, EAI_NONAME), however a test came to try it.
namespace peerage::test {

/// The attempts to leave this machine so far, in the whole program.
std::size_t attempts_to_leave();

/// Calls of `connect` so far, refused ones included.
std::size_t connect_calls();

} // namespace peerage::test
