// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace peerage {

/// The commands of a program as its help shows them, without old names.
std::vector<const CLI::App*> shown_commands(const CLI::App& x);

/// An option for those who write about it.
struct shown_option {
  std::vector<std::string> names; ///< "--listen", "-h".
  std::string value;              ///< "ADDR:PORT"; empty: a flag.
  std::string text;
  std::string group;
};
/// Options of a command, in the order of its help.
std::vector<shown_option> shown_options(const CLI::App& x);
/// What is given without a name: `value` is its name in the help.
std::vector<shown_option> shown_arguments(const CLI::App& x);

/// Whether a value of this name is a file or a folder.
bool is_path(const std::string& value);

} // namespace peerage
