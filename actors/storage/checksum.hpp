// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace peerage {

/// The checksum of state files and journals, as `sha256sum` writes it.
std::string sha256_hex(std::string_view bytes);

/// Of `sha256_hex`, in characters.
inline constexpr std::size_t digest_length = 64;

} // namespace peerage
