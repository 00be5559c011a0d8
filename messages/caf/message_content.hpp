// SPDX-License-Identifier: MIT
#pragma once

#include <caf/detail/tuple_vals.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace peerage {

/// Whether a type is a message of ours: PEERAGE_MESSAGE_WRAPPERS sets it for each.
template <class Type>
inline constexpr bool is_message = false;

} // namespace peerage

/// The content of CAF's messages and mailbox elements that hold one message of ours.
/// CAF's own template for any number of values finds each by a switch over ten places,
/// which it compiles for six functions of two classes for each message. Its members are
/// those of that template that CAF 0.17 uses; with a CAF without that template (0.18),
/// this file can go.
template <class Base, class Type>
requires peerage::is_message<Type>
class caf::detail::tuple_vals_impl<Base, Type> : public Base {
public:
  using super = message_data;
  using data_type = std::tuple<Type>;

  tuple_vals_impl(const tuple_vals_impl&) = default;

  template <class Argument>
  requires std::same_as<std::remove_cvref_t<Argument>, Type>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): does not know constraints
  explicit tuple_vals_impl(Argument&& argument)
      : data_{std::forward<Argument>(argument)} {}

  data_type& data() { return data_; }
  const data_type& data() const { return data_; }

  std::size_t size() const noexcept override { return 1; }
  std::uint32_t type_token() const noexcept override { return make_type_token<Type>(); }
  rtti_pair type(std::size_t) const noexcept override { return make_rtti_pair<Type>(); }

  const void* get(std::size_t) const noexcept override { return &value(); }
  void* get_mutable(std::size_t) override { return &value(); }

  using Base::copy;
  type_erased_value_ptr copy(std::size_t) const override {
    return make_type_erased_value<Type>(value());
  }
  std::string stringify(std::size_t) const override { return deep_to_string(value()); }

  error load(std::size_t, deserializer& source) override { return source(value()); }
  error save(std::size_t, serializer& sink) const override {
    return sink(const_cast<Type&>(value())); // CAF's serializers take no const
  }

private:
  Type& value() { return std::get<0>(data_); }
  const Type& value() const { return std::get<0>(data_); }

  data_type data_;
};
