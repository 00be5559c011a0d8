// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

struct run_options;

/// What a value of an option is, in a file with types.
enum class value_kind : std::uint8_t { flag, whole_number, number, text };

/// One option, the same on the command line, in the environment and in the file.
struct option_spec {
  const char* name;
  /// Its name in the help, which tells the kind: "" is a flag, N a whole number, SECONDS
  /// a number, and everything else a text.
  const char* value;
  const char* group;
  std::string help;
  bool repeatable = false;
  /// Takes one value; throws `option_error`.
  std::function<void(run_options&, const std::string&)> set;
  /// The value without being told one; "": none, or false for a flag.
  std::string standard{};

  value_kind kind() const {
    const std::string_view x = value;
    if (x.empty())
      return value_kind::flag;
    if (x == "N")
      return value_kind::whole_number;
    return x == "SECONDS" ? value_kind::number : value_kind::text;
  }
};

/// Options with a new name. The old one still works, in every place, with a warning.
struct renamed_option {
  const char* before;
  const char* now;
};
inline constexpr std::array renamed_options{
  renamed_option{"max-per-neighbourhood", "max-per-subnet"},
};

/// All options of `peerage run` but --config; config.cpp has them.
const std::vector<option_spec>& all_options();

/// The option of this name, or of this old name; null if there is none.
const option_spec* find_option(const std::vector<option_spec>& options,
                               std::string_view name);

/// The names that people may use, for suggestions.
std::vector<std::string_view> names_of(const std::vector<option_spec>& options);

} // namespace peerage
