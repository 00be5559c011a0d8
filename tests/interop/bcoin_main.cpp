// SPDX-License-Identifier: MIT
#define DOCTEST_CONFIG_IMPLEMENT
#include "tests/interop/bcoin_fixture.hpp"
#include "tests/support/log_sinks.hpp"

#include <cstdlib>
#include <memory>

int main(int argc, char** argv) {
  // Peers that come and go are of interest only with a failure; with PEERAGE_LOG they are
  // shown.
  peerage::log::set_sink(std::make_shared<peerage::test::stderr_log>());
  peerage::log::set_level(std::getenv("PEERAGE_LOG") ? peerage::log::level::info
                                                     : peerage::log::level::warn);
  doctest::Context context{argc, argv};
  int result = context.run();
  peerage::test::end_bcoin();
  return result;
}
