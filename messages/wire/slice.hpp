// SPDX-License-Identifier: MIT
#pragma once

#include "messages/checks/expects.hpp"

#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peerage::wire {

using bytes_view = std::span<const std::byte>;

/// An immutable run of bytes that shares ownership of the buffer it lies in. Copying a
/// slice copies a reference, never the bytes; the buffer lives as long as its last slice.
/// Buffers are shorter than 4 GiB.
class slice {
public:
  slice() = default;

  /// Takes `view`, which lies inside the memory that `owner` keeps alive.
  /// @param held Bytes of that memory.
  slice(std::shared_ptr<const std::byte> owner, bytes_view view, std::size_t held)
      : owner_(std::move(owner)), data_(view.data()),
        size_(static_cast<std::uint32_t>(view.size())),
        held_(static_cast<std::uint32_t>(held)) {}

  /// Copies `bytes` into a buffer of its own.
  static slice copy_of(bytes_view bytes);

  /// Takes over `bytes` without copying them.
  static slice adopt(std::vector<std::byte>&& bytes);

  bytes_view view() const { return {data_, size_}; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Bytes of the whole buffer, which this slice keeps alive.
  std::size_t held() const { return held_; }

  /// The same bytes in a buffer that they fill by half at least: this slice, or a copy.
  /// For a holder that keeps a slice longer than the rest of its buffer is of use.
  slice compact() const { return held() / 2 > size() ? copy_of(view()) : *this; }

  /// A part of this slice in the same buffer. Requires offset + count <= size().
  slice sub(std::size_t offset, std::size_t count) const {
    PEERAGE_EXPECTS(offset <= size() && count <= size() - offset);
    return {owner_, view().subspan(offset, count), held_};
  }

  /// A part of this slice, given as a view into it.
  slice sub(bytes_view part) const { return {owner_, part, held_}; }

  friend bool operator==(const slice& a, const slice& b);

private:
  std::shared_ptr<const std::byte> owner_;
  const std::byte* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t held_ = 0;
};

/// Lower-case hex, in memory order.
std::string to_hex(bytes_view bytes);

/// Decodes `text` into `out`; false (and `out` cleared) if it is not hex.
bool from_hex(std::string_view text, std::vector<std::byte>& out);

/// Views text as bytes.
inline bytes_view as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, slice& x) {
  std::vector<std::uint8_t> bytes;
  if constexpr (Inspector::reads_state) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(x.data());
    bytes.assign(first, first + x.size());
  }
  auto load = [&]() -> caf::error {
    x = slice::copy_of(std::as_bytes(std::span(bytes)));
    return caf::none;
  };
  return f(caf::meta::type_name("peerage.slice"), bytes, caf::meta::load_callback(load));
}

} // namespace peerage::wire
