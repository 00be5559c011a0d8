// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/interop/bcoin_fixture.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

int main(int argc, char** argv) {
  // Peers that come and go are of interest only with a failure; PEERAGE_LOG=info shows
  // them.
  spdlog::set_default_logger(spdlog::stderr_color_mt("bcoin_test"));
  const char* level = std::getenv("PEERAGE_LOG");
  spdlog::set_level(level ? spdlog::level::from_str(level) : spdlog::level::warn);
  doctest::Context context{argc, argv};
  int result = context.run();
  peerage::test::end_bcoin();
  return result;
}
