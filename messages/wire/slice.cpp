// SPDX-License-Identifier: MIT
#include "messages/wire/slice.hpp"

#include <algorithm>
#include <cstring>

namespace peerage::wire {

slice slice::copy_of(bytes_view bytes) {
  if (bytes.empty())
    return {};
  auto buffer = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
  std::memcpy(buffer.get(), bytes.data(), bytes.size());
  bytes_view view{buffer.get(), bytes.size()};
  const auto* first = buffer.get();
  return {std::shared_ptr<const std::byte>(std::move(buffer), first), view, view.size()};
}

slice slice::adopt(std::vector<std::byte>&& bytes) {
  auto holder = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  bytes_view view{*holder};
  return {std::shared_ptr<const std::byte>(holder, view.data()), view,
          holder->capacity()};
}

bool operator==(const slice& a, const slice& b) {
  return std::ranges::equal(a.view(), b.view());
}

std::string to_hex(bytes_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

bool from_hex(std::string_view text, std::vector<std::byte>& out) {
  out.clear();
  auto value = [](char c) {
    if (c >= '0' && c <= '9')
      return c - '0';
    if (c >= 'a' && c <= 'f')
      return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
      return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0)
    return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto high = value(text[i]), low = value(text[i + 1]);
    if (high < 0 || low < 0) {
      out.clear();
      return false;
    }
    out.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return true;
}

} // namespace peerage::wire
