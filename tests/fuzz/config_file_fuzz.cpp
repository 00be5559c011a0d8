// SPDX-License-Identifier: MIT
#include "app/config_file.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <algorithm>
#include <charconv>

using namespace peerage;
using fuzz::require;

namespace {

const std::vector<option_spec>& options() {
  static const std::vector<option_spec> result{
    {"network", "NAME", "", "", false, {}},
    {"listen", "ADDR:PORT", "", "", true, {}},
    {"max-inbound", "N", "", "", false, {}},
    {"max-per-subnet", "N", "", "", false, {}},
    {"ping-interval", "SECONDS", "", "", false, {}},
    {"no-dns-seeds", "", "", "", false, {}},
  };
  return result;
}

/// A value as a file may have it.
std::string toml_of(const option_spec& option, const std::string& text) {
  if (option.kind() != value_kind::text)
    return text;
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && c != '"' && c != '\\') {
      result += c;
      continue;
    }
    constexpr std::string_view digits = "0123456789ABCDEF";
    result += "\\u00";
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  result += '"';
  return result;
}

bool is_of_kind(value_kind kind, const std::string& text) {
  const auto* end = text.data() + text.size();
  std::int64_t whole = 0;
  double number = 0;
  switch (kind) {
  case value_kind::flag: return text == "true" || text == "false";
  case value_kind::whole_number:
    return std::from_chars(text.data(), end, whole).ptr == end;
  case value_kind::number: return std::from_chars(text.data(), end, number).ptr == end;
  case value_kind::text: break;
  }
  return true;
}

std::vector<std::string> texts_of(const given_option& x) {
  std::vector<std::string> result;
  for (const auto& value : x.values)
    result.push_back(value.text);
  return result;
}

/// Writes what was given, and reads it again.
void check_given(const given_options& given) {
  std::string text;
  for (const auto& [name, x] : given) {
    const auto* option = find_option(options(), name);
    require(option != nullptr && option->name == name, "only options are given");
    require(find_option(options(), x.name) == option, "under one of their names");
    require(option->repeatable || x.values.size() == 1, "each has its values");
    require(x.line > 0, "and its line");
    text += name + " = ";
    text += option->repeatable ? "[" : "";
    for (const auto& value : x.values) {
      require(is_of_kind(option->kind(), value.text), "of its kind");
      require(value.line > 0 && value.column > 0, "with their places");
      text += toml_of(*option, value.text);
      text += option->repeatable ? ", " : "";
    }
    text += option->repeatable ? "]\n" : "\n";
  }
  const auto again = read_config_text(text, "again.toml", options());
  require(again.mistakes.empty(), "what was given can be written");
  require(again.given.size() == given.size(), "all of it");
  for (const auto& [name, x] : given)
    require(texts_of(again.given.at(name)) == texts_of(x), "and is the same");
}

} // namespace

/// The text of a configuration file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto found = read_config_text(text, "node.toml", options());
  for (const auto& x : found.mistakes) {
    require(x.text.starts_with("node.toml:") || x.line == 0, "a mistake has its place");
    require(x.text.find('\n') == x.text.npos, "and is one line");
  }
  require(std::ranges::is_sorted(found.mistakes, {},
                                 [](const config_mistake& x) {
                                   return std::pair{x.line, x.column};
                                 }),
          "mistakes are told in their order");
  if (found.mistakes.empty())
    check_given(found.given);
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (std::string_view text :
       {"# a comment\nnetwork = \"regtest\"\nlisten = [\n  \"127.0.0.1:1\", # one\n "
        "'[::1]:2',\n]\nmax-inbound = 1_000\nping-interval = 0.1\nno-dns-seeds = true\n",
        "listen = 'none'", "listen = []", "ping-interval = 1e1", "ping-interval = inf",
        "max-inbound = 3\n[run]\nnetwork = 'main'\n", "max-per-neighbourhood = 0x1f",
        "network = \"\"\"a\n\\u00e9\\\n b\"\"\"", "[listen]\nat = 1",
        "network = 'main'\n[run]\nnetwork = 'regtest'\n", "a.b.c = {d = [1, {e = 2}]}\n",
        "t = 1979-05-27T07:32:00.5-07:00\nu = 07:32:00\n", "[[run]]\nnetwork = ''\n"})
    result.emplace_back(text.begin(), text.end());
  return result;
}
