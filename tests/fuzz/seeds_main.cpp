// SPDX-License-Identifier: MIT
#include "tests/fuzz/fuzz_target.hpp"

#include <cstring>
#include <string>

/// Called by libFuzzer first. `TARGET --write-seeds DIRECTORY` writes the inputs to start
/// from, and ends.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc != 3 || std::strcmp((*argv)[1], "--write-seeds") != 0)
    return 0;
  int number = 0;
  for (const auto& seed : peerage::fuzz::corpus()) {
    const auto name = (*argv)[2] + ("/seed-" + std::to_string(number++));
    auto* file = std::fopen(name.c_str(), "wb");
    const bool written =
      file && std::fwrite(seed.data(), 1, seed.size(), file) == seed.size();
    if (!file || std::fclose(file) != 0 || !written) {
      std::fprintf(stderr, "cannot write %s\n", name.c_str());
      std::exit(2);
    }
  }
  std::exit(0);
}
