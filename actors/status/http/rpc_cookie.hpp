// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace peerage {

/// The `Authorization` header for HTTP Basic authentication (RFC 7617).
/// @param user_and_password "USER:PASSWORD", as a cookie file has it.
std::string basic_authorization(std::string_view user_and_password);

/// The password of this run: a file that only its owner can read, as in Bitcoin Core
/// (`__cookie__:<64 hex digits>`). Removed with this object.
class rpc_cookie {
public:
  /// Writes a new one in place of a dead process's; null, with a text for people, if that
  /// fails.
  static std::shared_ptr<rpc_cookie> create(const std::filesystem::path& path,
                                            std::string& error);

  rpc_cookie(const rpc_cookie&) = delete;
  rpc_cookie& operator=(const rpc_cookie&) = delete;
  ~rpc_cookie();

  /// Whether this `Authorization` header has the password. Takes the same time for every
  /// wrong password.
  bool accepts(std::string_view authorization) const;

private:
  rpc_cookie(std::filesystem::path path, const std::string& content);

  std::filesystem::path path_;
  std::string expected_; ///< The header's value.
};

} // namespace peerage
