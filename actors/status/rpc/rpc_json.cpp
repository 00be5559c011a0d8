// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace peerage {

namespace {

/// Smaller or larger numbers would be rows of zeros; they get an exponent.
constexpr double smallest_written_out = 1e-12;
constexpr double largest_written_out = 1e15;
constexpr std::size_t least_decimals = 8; ///< As many as a bitcoin has.

std::string plain_dump(const rpc_json& x) {
  return x.dump(-1, ' ', false, rpc_json::error_handler_t::replace);
}

/// Reads a document in one pass, and stops at the first thing that breaks a limit.
struct reader final : nlohmann::json_sax<rpc_json> {
  struct open_value {
    rpc_json* value;
    std::set<std::string> keys; ///< nlohmann would compare each key with all before it.
  };

  rpc_json root;
  std::string problem;
  std::vector<open_value> nesting; ///< The objects and lists that are open.
  std::string name;                ///< The key of the next value of an object.
  std::size_t values = 0;

  bool refuse(const char* why) {
    problem = why;
    return false;
  }
  rpc_json* put(rpc_json&& x) {
    if (nesting.empty())
      return &(root = std::move(x));
    auto& parent = *nesting.back().value;
    if (parent.is_array()) {
      parent.push_back(std::move(x));
      return &parent.back();
    }
    return &(parent[name] = std::move(x));
  }
  bool add(rpc_json&& x) {
    if (++values > rpc_json_max_values)
      return refuse("too many values");
    put(std::move(x));
    return true;
  }
  bool open(rpc_json&& x) {
    if (nesting.size() >= rpc_json_max_depth)
      return refuse("nested too deeply");
    if (++values > rpc_json_max_values)
      return refuse("too many values");
    nesting.push_back({put(std::move(x)), {}});
    return true;
  }
  bool close() {
    nesting.pop_back();
    return true;
  }

  bool null() override { return add(nullptr); }
  bool boolean(bool x) override { return add(x); }
  bool number_integer(number_integer_t x) override { return add(x); }
  bool number_unsigned(number_unsigned_t x) override { return add(x); }
  bool number_float(number_float_t x, const string_t&) override { return add(x); }
  bool string(string_t& x) override { return add(std::move(x)); }
  bool binary(binary_t&) override { return refuse("not JSON"); }
  bool start_object(std::size_t) override { return open(rpc_json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(rpc_json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& x) override {
    auto& known = nesting.back().keys;
    if (known.size() >= rpc_json_max_keys)
      return refuse("an object with too many keys");
    name = x;
    return known.insert(std::move(x)).second || refuse("repeated key");
  }
  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse("not JSON");
  }
};

void write_fraction(double x, std::string& to) {
  const auto size = std::abs(x);
  if (size != 0 && !(size >= smallest_written_out && size <= largest_written_out))
    return void(to += plain_dump(x));
  std::array<char, 64> buffer; // 16 digits, 28 decimals at most
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x,
                           std::chars_format::fixed)
               .ptr;
  std::string_view digits{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
  to += digits;
  auto point = digits.find('.');
  if (point == digits.npos)
    to += '.';
  const auto decimals = point == digits.npos ? 0 : digits.size() - point - 1;
  if (decimals < least_decimals)
    to.append(least_decimals - decimals, '0');
}

void write_text(const std::string& x, std::string& to) {
  auto harmless = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (!std::ranges::all_of(x, harmless))
    return void(to += plain_dump(x));
  to += '"';
  to += x;
  to += '"';
}

/// Recursive: output is no deeper than the input that was read, plus a few levels of our
/// own.
void write(const rpc_json& x, std::string& to) {
  const char* between = "";
  if (x.is_object()) {
    to += '{';
    for (const auto& [key, value] : x.items()) {
      to += between;
      write_text(key, to);
      to += ':';
      write(value, to);
      between = ",";
    }
    to += '}';
  } else if (x.is_array()) {
    to += '[';
    for (const auto& value : x) {
      to += between;
      write(value, to);
      between = ",";
    }
    to += ']';
  } else if (x.is_number_float()) {
    write_fraction(x.get<double>(), to);
  } else if (x.is_string()) {
    write_text(x.get_ref<const std::string&>(), to);
  } else {
    to += plain_dump(x);
  }
}

} // namespace

bool parse_rpc_json(const std::string& text, rpc_json& out, std::string& error) {
  reader all;
  // nlohmann's parser takes a zero byte for the end, and would miss what follows.
  if (text.find('\0') != text.npos)
    all.refuse("not JSON");
  if (!all.problem.empty() || !rpc_json::sax_parse(text, &all)) {
    error = all.problem;
    return false;
  }
  out = std::move(all.root);
  return true;
}

std::string write_rpc_json(const rpc_json& x) {
  std::string result;
  write(x, result);
  return result;
}

} // namespace peerage
