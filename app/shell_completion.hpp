// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace peerage {

/// Scripts that complete commands and options, as far as the program has them: made from
/// its own command line, so they know all of it.
std::string bash_completion(const CLI::App& program);
std::string zsh_completion(const CLI::App& program);

} // namespace peerage
