// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

/// What a fuzz target is made of. Under clang it is linked with libFuzzer, else with
/// standalone_main.cpp, which then is an ordinary test.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace peerage::fuzz {

/// Inputs to start from: well-formed ones, as mutations of noise reach nothing.
std::vector<std::vector<std::uint8_t>> corpus();

/// Ends the process, so that the fuzzer keeps the input.
inline void require(bool holds, std::string_view property) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(property.size()),
               property.data());
  std::abort();
}

} // namespace peerage::fuzz
