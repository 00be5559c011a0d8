// SPDX-License-Identifier: MIT
#include "messages/endpoint.hpp"
#include "messages/snapshots.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace peerage;

/// Text that people and remotes write: endpoints, hashes, hex, user agents.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (std::uint16_t default_port : {std::uint16_t{0}, std::uint16_t{8333}}) {
    endpoint x, y;
    if (!parse_endpoint(text, default_port, x)) {
      fuzz::require(x == endpoint{}, "a failure leaves the endpoint alone");
      continue;
    }
    auto printed = to_string(x);
    fuzz::require(parse_endpoint(printed, 0, y), "what was printed can be read");
    fuzz::require(x == y, "and is the same");
    fuzz::require(to_string(y) == printed, "and has one form");
    fuzz::require(text.find('\0') == text.npos, "no text ends at a zero byte");
    fuzz::require(std::hash<endpoint>{}(x) == std::hash<endpoint>{}(y), "and one hash");
  }
  if (wire::hash256 hash; wire::parse_hash(text, hash)) {
    wire::hash256 again;
    fuzz::require(wire::parse_hash(to_string(hash), again) && hash == again,
                  "a hash is printed as it is read");
  }
  if (std::vector<std::byte> bytes; wire::from_hex(text, bytes))
    fuzz::require(bytes.size() * 2 == size, "two digits make a byte");
  auto shown = sanitised(text);
  fuzz::require(shown.size() <= size && sanitised(shown) == shown,
                "sanitised once is so");
  return 0;
}

std::vector<std::vector<std::uint8_t>> fuzz::corpus() {
  std::vector<std::vector<std::uint8_t>> result;
  for (std::string_view text :
       {"1.2.3.4:8333", "[2001:db8::1]:8333", "[::ffff:1.2.3.4]:1", "::1", "10.0.0.1",
        "[::1]", "[64:ff9b::192.0.2.33]:65535", "[1:2:3:4:5:6:7:8]:0", "/Satoshi:27.0.0/",
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"})
    result.emplace_back(text.begin(), text.end());
  return result;
}
