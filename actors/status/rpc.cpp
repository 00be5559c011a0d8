#include "actors/status/rpc.hpp"

#include <algorithm>
#include <utility>

namespace peerage {

namespace {

const rpc_json nothing;

[[noreturn]] void fail_type(std::string_view name, const rpc_json& value,
                            std::string_view wanted) {
  throw rpc_error{rpc_code::type,
                  "JSON value of type " + std::string(value.type_name()) + " for " +
                    std::string(name) + " is not of expected type " + std::string(wanted),
                  {}};
}

} // namespace

rpc_arguments::rpc_arguments(const std::vector<std::string>& names, rpc_json values) {
  if (values.is_array()) {
    if (values.size() > names.size())
      throw rpc_error{rpc_code::misc,
                      "at most " + std::to_string(names.size()) + " parameters, not " +
                        std::to_string(values.size()),
                      {}};
    for (std::size_t i = 0; i < values.size(); ++i)
      values_[names[i]] = std::move(values[i]);
  } else if (values.is_object()) {
    for (auto& [name, value] : values.items()) {
      if (std::ranges::find(names, name) == names.end())
        throw rpc_error{
          rpc_code::invalid_parameter, "Unknown named parameter " + name, {}};
      values_[name] = std::move(value);
    }
  }
}

bool rpc_arguments::has(std::string_view name) const {
  return !get(name).is_null();
}

const rpc_json& rpc_arguments::get(std::string_view name) const {
  auto found = values_.find(std::string(name));
  return found == values_.end() ? nothing : *found;
}

const rpc_json& rpc_arguments::required(std::string_view name) const {
  const auto& value = get(name);
  if (value.is_null())
    throw rpc_error{
      rpc_code::misc, "the parameter " + std::string(name) + " is missing", {}};
  return value;
}

std::string rpc_arguments::text(std::string_view name) const {
  const auto& value = required(name);
  if (!value.is_string())
    fail_type(name, value, "string");
  return value.get<std::string>();
}

std::string rpc_arguments::text_or(std::string_view name, std::string otherwise) const {
  return has(name) ? text(name) : std::move(otherwise);
}

std::int64_t rpc_arguments::integer(std::string_view name) const {
  const auto& value = required(name);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX)
    throw rpc_error{
      rpc_code::invalid_parameter, std::string(name) + " is out of range", {}};
  if (!value.is_number_integer())
    fail_type(name, value, "number");
  return value.get<std::int64_t>();
}

std::int64_t rpc_arguments::integer_or(std::string_view name,
                                       std::int64_t otherwise) const {
  return has(name) ? integer(name) : otherwise;
}

double rpc_arguments::number_or(std::string_view name, double otherwise) const {
  const auto& value = get(name);
  if (value.is_null())
    return otherwise;
  if (!value.is_number())
    fail_type(name, value, "number");
  return value.get<double>();
}

bool rpc_arguments::boolean(std::string_view name) const {
  const auto& value = required(name);
  if (!value.is_boolean())
    fail_type(name, value, "bool");
  return value.get<bool>();
}

bool rpc_arguments::boolean_or(std::string_view name, bool otherwise) const {
  return has(name) ? boolean(name) : otherwise;
}

rpc_json rpc_arguments::as_object(std::string_view first) const {
  const auto& whole = get(first);
  if (whole.is_null())
    return values_;
  if (!whole.is_object())
    fail_type(first, whole, "object");
  return whole;
}

void rpc_methods::add(rpc_method x) {
  methods_.push_back(std::move(x));
}

const rpc_method* rpc_methods::find(std::string_view name) const {
  auto found = std::ranges::find(methods_, name, &rpc_method::name);
  return found == methods_.end() ? nullptr : &*found;
}

rpc_methods all_rpc_methods() {
  rpc_methods result;
  add_network_methods(result);
  add_address_methods(result);
  add_node_methods(result);
  add_explain_methods(result);
  add_waitfor_method(result);
  add_request_method(result);
  return result;
}

} // namespace peerage
