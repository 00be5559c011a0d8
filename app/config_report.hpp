// SPDX-License-Identifier: MIT
#pragma once

#include "app/configuration.hpp"

#include <string>

namespace peerage {

/// Every option with the value in force and where it comes from, as a TOML file that
/// gives the same values. Options without a value are comments in it.
std::string config_report(const configuration& x);

/// A file to start from: every option as a comment, with its explanation and the value
/// that it has without being set.
std::string config_example();

} // namespace peerage
