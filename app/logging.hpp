#pragma once

#include "app/config.hpp"

namespace peerage {

/// Sends spdlog's default logger to stderr, as the options say.
void start_logging(const run_options& options);

} // namespace peerage
