// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace peerage {

/// Where an option was given. A later one wins over an earlier one.
enum class value_source : std::uint8_t { file, environment, command_line };

/// One value of an option, and where it stands in the file.
struct given_value {
  std::string text;
  std::size_t line = 0;   ///< From 1 on; 0: not in a file.
  std::size_t column = 0; ///< In characters, from 1 on.
};

/// What one source gives for one option.
struct given_option {
  value_source source = value_source::command_line;
  std::string place{};  ///< The file's path, or the variable's name.
  std::string name{};   ///< As given there: may be an old one.
  std::size_t line = 0; ///< Of the option in the file.
  std::vector<given_value> values{};
};

/// What the sources give: by option. The new name of one that was renamed.
using given_options = std::map<std::string, given_option>;

/// A mistake in a file or in the environment.
struct config_mistake {
  std::size_t line = 0; ///< 0: it has no place of its own in the file.
  std::size_t column = 0;
  std::string text; ///< One line that names the place.
};

/// The place as compilers name it: "node.toml:3:15", or "node.toml" without a line.
std::string place_text(const std::string& path, std::size_t line, std::size_t column = 0);

/// One value for error texts, as it is written at its source: "--listen x",
/// "PEERAGE_LISTEN=x", "node.toml:3:10: listen = x".
std::string value_text(const given_option& option, const given_value& value);

/// Where an option comes from: "command line", "PEERAGE_LISTEN", "node.toml:3".
std::string source_text(const given_option& option);

} // namespace peerage
