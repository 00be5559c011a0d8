// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

namespace peerage::fuzz {

/// Draws choices from the bytes of an input, one after the other: so any bytes are a
/// valid sequence of steps, and a change of one byte changes one step. Behind the end,
/// every number is 0.
class fuzz_input {
public:
  fuzz_input(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}

  bool empty() const { return left_ == 0; }
  std::size_t size() const { return left_; }

  std::uint8_t byte() {
    if (left_ == 0)
      return 0;
    --left_;
    return *at_++;
  }

  /// A number of any value, from as many bytes as it has.
  template <class T>
  T number() {
    static_assert(std::is_integral_v<T>);
    std::uint64_t result = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      result |= std::uint64_t{byte()} << (8 * i);
    return static_cast<T>(result);
  }

  bool coin() { return (byte() & 1) != 0; }

  /// Less than `end`, which is 1 to 256.
  std::size_t below(std::size_t end) { return byte() % end; }

  /// True once in `times`, which is 1 to 256. Not behind the end, where it would be
  /// always.
  bool rarely(std::size_t times) { return left_ > 0 && below(times) == times - 1; }

  template <class T, std::size_t N>
  const T& pick(const T (&from)[N]) {
    static_assert(N <= 256);
    return from[below(N)];
  }

  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  /// The next bytes as they are, at most `most`.
  std::string_view text(std::size_t most) {
    const auto size = std::min(most, left_);
    const std::string_view result(reinterpret_cast<const char*>(at_), size);
    at_ += size;
    left_ -= size;
    return result;
  }

  std::string_view rest() { return text(left_); }

  std::vector<std::byte> bytes(std::size_t most) {
    const auto from = text(most);
    std::vector<std::byte> result(from.size());
    if (!from.empty())
      std::memcpy(result.data(), from.data(), from.size());
    return result;
  }

private:
  const std::uint8_t* at_;
  std::size_t left_;
};

} // namespace peerage::fuzz
