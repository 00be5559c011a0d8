// SPDX-License-Identifier: MIT
#include "app/config_file.hpp"

#include "app/nearest_name.hpp"
#include "app/option_values.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <tuple>

namespace peerage {

namespace {

/// A larger file is no configuration.
constexpr std::size_t max_config_bytes = 1 << 20;

constexpr std::string_view run_section = "run";

std::string read_text_file(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure))
    throw option_error{"is a directory"};
  std::ifstream file{path, std::ios::binary};
  if (!file)
    throw option_error{std::strerror(errno)};
  std::string result(max_config_bytes + 1, '\0');
  file.read(result.data(), static_cast<std::streamsize>(result.size()));
  if (file.bad())
    throw option_error{"cannot be read"};
  result.resize(static_cast<std::size_t>(file.gcount()));
  if (result.size() > max_config_bytes)
    throw option_error{"is longer than 1 MiB"};
  if (result.find('\0') != std::string::npos)
    throw option_error{"is not a text file"};
  return result;
}

/// "a whole number", as the value is written.
std::string_view type_text(const toml::node& x) {
  switch (x.type()) {
  case toml::node_type::table: return "a table";
  case toml::node_type::array: return "an array";
  case toml::node_type::string: return "a text";
  case toml::node_type::integer: return "a whole number";
  case toml::node_type::floating_point: return "a fraction";
  case toml::node_type::boolean: return "true or false";
  case toml::node_type::date: return "a date";
  case toml::node_type::time: return "a time";
  case toml::node_type::date_time: return "a date with a time";
  case toml::node_type::none: break;
  }
  return "nothing";
}

std::string_view wanted_text(value_kind x) {
  switch (x) {
  case value_kind::flag: return "true or false";
  case value_kind::whole_number: return "a whole number";
  case value_kind::number: return "a number";
  case value_kind::text: break;
  }
  return "a text in quotes";
}

/// The shortest text that reads as this number.
std::string shortest(double x) {
  std::array<char, 32> buffer{};
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x);
  return {buffer.data(), end};
}

/// The value as it would stand on the command line; empty if its type is wrong.
std::optional<std::string> text_of(const toml::node& x, value_kind kind) {
  if (const auto* text = x.as_string(); text && kind == value_kind::text)
    return text->get();
  if (const auto* flag = x.as_boolean(); flag && kind == value_kind::flag)
    return flag->get() ? "true" : "false";
  const bool takes_numbers =
    kind == value_kind::whole_number || kind == value_kind::number;
  if (const auto* whole = x.as_integer(); whole && takes_numbers)
    return std::to_string(whole->get());
  if (const auto* fraction = x.as_floating_point();
      fraction && kind == value_kind::number)
    return shortest(fraction->get());
  return std::nullopt;
}

/// Fills a `config_file` from the parsed text.
class reader {
public:
  reader(const std::string& path, const std::vector<option_spec>& options)
      : path_(path), options_(options) {}

  void mistake(const toml::source_region& at, const std::string& why) {
    add_mistake(at.begin.line, at.begin.column, why);
  }

  void add_mistake(std::size_t line, std::size_t column, const std::string& why) {
    result_.mistakes.push_back(
      {line, column, place_text(path_, line, column) + ": " + in_one_line(why)});
  }

  void read(const toml::table& from, bool is_top) {
    for (const auto& [key, value] : from) {
      const auto* section = value.as_table();
      const auto* option = find_option(options_, key.str());
      if (is_top && section && key.str() == run_section)
        read(*section, false);
      else if (!option)
        mistake(key.source(), unknown(key, value));
      else
        read_option(*option, key, value);
    }
  }

  config_file take() {
    std::ranges::stable_sort(result_.mistakes, {}, [](const config_mistake& x) {
      return std::tuple(x.line, x.column);
    });
    return std::move(result_);
  }

private:
  std::string unknown(const toml::key& key, const toml::node& value) const {
    const auto name = std::string(key.str());
    if (value.is_table())
      return "unknown section [" + name + "]: options stand at the top, or in [run]";
    if (name == "config")
      return "config is for the command line: a file cannot name another";
    return "unknown key " + name + did_you_mean(name, names_of(options_));
  }

  void read_option(const option_spec& option, const toml::key& key,
                   const toml::node& value) {
    given_option found{value_source::file, path_, std::string(key.str()),
                       key.source().begin.line};
    if (const auto* list = value.as_array(); list && option.repeatable)
      for (const auto& entry : *list)
        read_value(option, found, entry);
    else
      read_value(option, found, value);
    auto [at, added] = result_.given.try_emplace(option.name, std::move(found));
    if (!added)
      mistake(key.source(),
              std::string(key.str()) + " is given twice: the other " +
                (at->second.name == key.str() ? "" : "is " + at->second.name + ", ") +
                "in line " + std::to_string(at->second.line));
  }

  void read_value(const option_spec& option, given_option& to, const toml::node& value) {
    if (auto text = text_of(value, option.kind()))
      return to.values.push_back(
        {std::move(*text), value.source().begin.line, value.source().begin.column});
    mistake(value.source(), to.name + " must be " +
                              std::string(wanted_text(option.kind())) +
                              (option.repeatable ? ", or an array of these" : "") +
                              ", not " + std::string(type_text(value)));
  }

  const std::string& path_;
  const std::vector<option_spec>& options_;
  config_file result_;
};

} // namespace

namespace {

/// The library's sentence, and what people mostly mean by that.
std::string syntax_problem(const toml::parse_error& error) {
  auto result = std::string(error.description());
  if (result.starts_with("Error"))
    result.front() = 'e';
  if (result.ends_with("could not determine value type"))
    result += " (a text needs quotes)";
  return result;
}

} // namespace

config_file read_config_text(std::string_view text, const std::string& path,
                             const std::vector<option_spec>& options) {
  reader to{path, options};
  try {
    to.read(toml::parse(text, std::string_view(path)), true);
  } catch (const toml::parse_error& error) {
    to.mistake(error.source(), syntax_problem(error));
  }
  return to.take();
}

config_file read_config_file(const std::string& path,
                             const std::vector<option_spec>& options) {
  try {
    return read_config_text(read_text_file(path), path, options);
  } catch (const option_error& error) {
    return {{}, {{0, 0, named("config", path) + ": " + error.why}}};
  }
}

} // namespace peerage
