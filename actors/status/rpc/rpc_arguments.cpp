// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

const rpc_json nothing;

using rpc_parameters = std::vector<rpc_parameter>;

rpc_error invalid(std::string why) {
  return {rpc_code::invalid_parameter, std::move(why), {}};
}

/// The type's name in Bitcoin Core's errors.
std::string_view type_name(const rpc_json& x) {
  return x.is_boolean() ? "bool" : x.type_name();
}

unsigned type_of(const rpc_json& x) {
  switch (x.type()) {
  case rpc_json::value_t::string: return rpc_type::text;
  case rpc_json::value_t::boolean: return rpc_type::boolean;
  case rpc_json::value_t::array: return rpc_type::list;
  case rpc_json::value_t::object: return rpc_type::object;
  case rpc_json::value_t::number_integer:
  case rpc_json::value_t::number_unsigned:
  case rpc_json::value_t::number_float: return rpc_type::number;
  default: return 0;
  }
}

std::string names_of(unsigned types) {
  constexpr std::array<std::string_view, 5> names{"string", "number", "bool", "array",
                                                  "object"};
  std::string result;
  for (unsigned bit = 0; bit < names.size(); ++bit)
    if (types & (1U << bit))
      result += (result.empty() ? "" : " or ") + std::string(names[bit]);
  return result;
}

/// Named parameters, and those in "args" before them, in the method's order.
rpc_json in_order(const rpc_parameters& known, rpc_json& named) {
  auto result = rpc_json::array();
  if (auto args = named.find("args"); args != named.end() && args->is_array()) {
    result = std::move(*args);
    named.erase(args);
  }
  const auto by_place = result.size();
  for (auto& [name, value] : named.items()) {
    auto found = std::ranges::find(known, name, &rpc_parameter::name);
    if (found == known.end())
      throw invalid("Unknown named parameter " + name);
    const auto place = static_cast<std::size_t>(found - known.begin());
    if (place < by_place)
      throw invalid("Parameter " + name +
                    " specified twice both as positional and named argument");
    while (result.size() <= place)
      result.push_back(nullptr);
    result[place] = std::move(value);
  }
  return result;
}

/// Replaces a text that holds JSON of another allowed type by that JSON.
void read_text(const rpc_parameter& as, rpc_json& value) {
  if (as.reading != rpc_reading::or_text || !value.is_string())
    return;
  rpc_json meant;
  std::string error;
  if (parse_rpc_json(value.get_ref<const std::string&>(), meant, error) &&
      (type_of(meant) & as.types & ~rpc_type::text))
    value = std::move(meant);
}

void check_types(const rpc_parameters& known, const rpc_json& values) {
  rpc_json wrong;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto& value = i < values.size() ? values[i] : nothing;
    if (type_of(value) & known[i].types || (value.is_null() && !known[i].required))
      continue;
    wrong["Position " + std::to_string(i + 1) + " (" + known[i].name + ")"] =
      "JSON value of type " + std::string(type_name(value)) +
      " is not of expected type " + names_of(known[i].types);
  }
  if (!wrong.is_null())
    throw rpc_error{rpc_code::type, "Wrong type passed:\n" + wrong.dump(4), {}};
}

} // namespace

rpc_arguments::rpc_arguments(const rpc_method& method, rpc_json values)
    : method_(&method) {
  const auto& known = method.parameters;
  if (values.is_object())
    values = in_order(known, values);
  else if (!values.is_array())
    values = rpc_json::array(); // by the server's checks it is null
  auto last_required = std::find_if(known.rbegin(), known.rend(),
                                    [](const rpc_parameter& x) { return x.required; });
  if (values.size() > known.size() ||
      values.size() < static_cast<std::size_t>(known.rend() - last_required))
    throw usage();
  for (std::size_t i = 0; i < values.size(); ++i)
    read_text(known[i], values[i]);
  check_types(known, values);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!values[i].is_null())
      values_[known[i].name] = std::move(values[i]);
}

bool rpc_arguments::has(std::string_view name) const {
  return !get(name).is_null();
}

const rpc_json& rpc_arguments::get(std::string_view name) const {
  auto found = values_.find(std::string(name));
  return found == values_.end() ? nothing : *found;
}

std::string rpc_arguments::text(std::string_view name) const {
  return get(name).get<std::string>();
}

std::string rpc_arguments::text_or(std::string_view name, std::string otherwise) const {
  return has(name) ? text(name) : std::move(otherwise);
}

std::int64_t rpc_arguments::integer(std::string_view name, std::int64_t least,
                                    std::int64_t most) const {
  const auto& value = get(name);
  const bool fits =
    value.is_number_integer() &&
    !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX);
  if (!fits || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
    throw rpc_error{
      rpc_code::misc, "JSON integer out of range: " + std::string(name), {}};
  return value.get<std::int64_t>();
}

std::int64_t rpc_arguments::integer_or(std::string_view name, std::int64_t otherwise,
                                       std::int64_t least, std::int64_t most) const {
  return has(name) ? integer(name, least, most) : otherwise;
}

double rpc_arguments::number_or(std::string_view name, double otherwise) const {
  return has(name) ? get(name).get<double>() : otherwise;
}

bool rpc_arguments::boolean(std::string_view name) const {
  return get(name).get<bool>();
}

bool rpc_arguments::boolean_or(std::string_view name, bool otherwise) const {
  return has(name) ? boolean(name) : otherwise;
}

rpc_json rpc_arguments::as_object(std::string_view first) const {
  return has(first) ? get(first) : values_;
}

rpc_error rpc_arguments::usage() const {
  return {rpc_code::misc, method_->help, {}};
}

} // namespace peerage
