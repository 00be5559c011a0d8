// SPDX-License-Identifier: MIT
#include "actors/status/http/rpc_cookie.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace peerage {

namespace {

std::string base64(std::string_view text) {
  std::string result(4 * ((text.size() + 2) / 3) + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                              reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::string random_hex() {
  std::array<unsigned char, 32> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1)
    return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (auto byte : bytes) {
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

/// Writes a file that is never readable by others, not even for a moment, and never half
/// written.
bool write_secret(const std::filesystem::path& path, const std::string& content,
                  std::string& error) {
  auto fresh = path;
  fresh += ".new";
  ::unlink(fresh.c_str());
  int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool good = file >= 0 && ::write(file, content.data(), content.size()) ==
                             static_cast<ssize_t>(content.size());
  good = good && ::rename(fresh.c_str(), path.c_str()) == 0;
  if (!good)
    error = "cannot write " + path.string() + ": " + std::strerror(errno);
  if (file >= 0)
    ::close(file);
  if (!good)
    ::unlink(fresh.c_str());
  return good;
}

} // namespace

std::string basic_authorization(std::string_view user_and_password) {
  return "Basic " + base64(user_and_password);
}

rpc_cookie::rpc_cookie(std::filesystem::path path, const std::string& content)
    : path_(std::move(path)), expected_(basic_authorization(content)) {}

std::shared_ptr<rpc_cookie> rpc_cookie::create(const std::filesystem::path& path,
                                               std::string& error) {
  const auto password = random_hex();
  if (password.empty()) {
    error = "the system has no random numbers";
    return nullptr;
  }
  const auto content = "__cookie__:" + password;
  if (!write_secret(path, content, error))
    return nullptr;
  return std::shared_ptr<rpc_cookie>{new rpc_cookie{path, content}};
}

rpc_cookie::~rpc_cookie() {
  ::unlink(path_.c_str());
}

bool rpc_cookie::accepts(std::string_view authorization) const {
  return authorization.size() == expected_.size() &&
         CRYPTO_memcmp(authorization.data(), expected_.data(), expected_.size()) == 0;
}

} // namespace peerage
