// SPDX-License-Identifier: MIT
#include "messages/network_names.hpp"

#include "messages/endpoint.hpp"

#include "messages/wire/addresses.hpp"

#include <openssl/evp.h>

#include <array>
#include <span>

namespace peerage {

namespace {

/// RFC 4648, lower case, without padding.
std::string base32(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string result;
  unsigned held = 0;
  unsigned bits = 0;
  for (auto byte : bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5)
      result += digits[(held >> (bits - 5)) & 31];
  }
  if (bits > 0)
    result += digits[(held << (5 - bits)) & 31];
  return result;
}

/// Public key, checksum and version (Tor's rend-spec-v3, "Encoding onion addresses").
std::string onion_text(const std::vector<std::uint8_t>& key) {
  constexpr std::uint8_t version = 3;
  constexpr std::string_view label = ".onion checksum";
  std::vector<std::uint8_t> text{label.begin(), label.end()};
  text.insert(text.end(), key.begin(), key.end());
  text.push_back(version);
  std::array<unsigned char, 32> hash{};
  EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha3_256(), nullptr);
  auto bytes = key;
  bytes.insert(bytes.end(), {hash[0], hash[1], version});
  return base32(bytes) + ".onion";
}

} // namespace

std::string_view network_name(std::uint8_t id) {
  switch (id) {
  case wire::ipv4_network: return "ipv4";
  case wire::ipv6_network: return "ipv6";
  case wire::tor_v3_network: return "onion";
  case wire::i2p_network: return "i2p";
  case wire::cjdns_network: return "cjdns";
  default: return {};
  }
}

std::uint8_t network_id(std::string_view name) {
  for (std::uint8_t id = wire::ipv4_network; id <= wire::cjdns_network; ++id)
    if (!name.empty() && network_name(id) == name)
      return id;
  return 0;
}

std::string host_text(const wire::network_address& x) {
  if (auto timed = wire::to_timed_address(x))
    return ip_to_string(to_endpoint(timed->address));
  constexpr std::size_t key_size = 32;
  if (x.network_id == wire::tor_v3_network && x.bytes.size() == key_size)
    return onion_text(x.bytes);
  if (x.network_id == wire::i2p_network && x.bytes.size() == key_size)
    return base32(x.bytes) + ".b32.i2p";
  if (x.network_id == wire::cjdns_network && x.bytes.size() == endpoint{}.ip.size()) {
    endpoint as_ip;
    std::ranges::copy(x.bytes, as_ip.ip.begin());
    return ip_to_string(as_ip);
  }
  return wire::to_hex(std::as_bytes(std::span(x.bytes)));
}

} // namespace peerage
