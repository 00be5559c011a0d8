// SPDX-License-Identifier: MIT
#include "messages/wire/header_work.hpp"

#include "messages/wire/network.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace peerage;
using namespace peerage::wire;

namespace {

constexpr std::uint32_t easiest = 0x207fffff; // of regtest

std::string target_text(std::uint32_t bits) {
  auto target = target_of(bits);
  return target ? to_string(*target) : "none";
}

/// `digits`, filled up with zeros in front to 64.
std::string number(std::string_view digits) {
  return std::string(64 - digits.size(), '0') + std::string(digits);
}

block_header mined(const hash256& previous, std::uint32_t time, bool with_work = true) {
  block_header result;
  result.previous = previous;
  result.time = time;
  result.bits = easiest;
  while (meets(result.hash(), *target_of(easiest)) != with_work)
    ++result.nonce;
  return result;
}

std::vector<block_header> chain(std::size_t length) {
  std::vector<block_header> result;
  for (std::uint32_t i = 0; i < length; ++i)
    result.push_back(mined(i == 0 ? hash256{} : result.back().hash(), i));
  return result;
}

} // namespace

TEST_CASE("the compact form of a target") {
  CHECK(target_text(0x01123456) == number("12"));
  CHECK(target_text(0x02123456) == number("1234"));
  CHECK(target_text(0x03123456) == number("123456"));
  CHECK(target_text(0x04123456) == number("12345600"));
  CHECK(target_text(0x05009234) == number("92340000"));
  CHECK(target_text(0x1d00ffff) == number("ffff" + std::string(52, '0')));
  CHECK(target_text(0x20123456) == "123456" + std::string(58, '0'));
  CHECK(target_text(0x207fffff) == "7fffff" + std::string(58, '0'));
  // The last that fit.
  CHECK(target_text(0x2100ffff) == "ffff" + std::string(60, '0'));
  CHECK(target_text(0x220000ff) == "ff" + std::string(62, '0'));
  for (std::uint32_t none :
       {0x00000000u, 0x00123456u, 0x01003456u, 0x02000056u, 0x03000000u, // zero
        0x04000000u, 0xff000000u,                                        //
        0x01fedcbau, 0x03800001u, 0x04923456u, 0x1d80ffffu, 0x20ffffffu, // negative
        0x00800000u, 0x01800000u, 0x03800000u,                           //
        0x21010000u, 0x217fffffu, 0x22000100u, 0x2200ffffu,              // too large
        0x23000001u, 0xff000001u, 0xff7fffffu, 0xffffffffu}) {
    CAPTURE(none);
    CHECK(target_text(none) == "none");
  }
}

TEST_CASE("a hash meets a target that it is not above") {
  auto hash = [](const std::string& text) {
    hash256 result;
    REQUIRE(parse_hash(text, result));
    return result;
  };
  const auto target = hash(number("ffff" + std::string(52, '0')));
  CHECK(meets(target, target));
  CHECK(meets(hash(number("fffe" + std::string(52, 'f'))), target));
  CHECK(meets(hash256{}, target));
  CHECK_FALSE(meets(hash(number("ffff" + std::string(51, '0') + "1")), target));
  CHECK_FALSE(meets(hash("01" + std::string(62, '0')), target));
}

TEST_CASE("headers of one message: work first, then links") {
  auto good = chain(10);
  CHECK(fault_of({}, easiest) == header_fault::none);
  CHECK(fault_of(good, easiest) == header_fault::none);
  // The message does not tell what its first header is linked to.
  CHECK(fault_of(std::span{good}.subspan(4), easiest) == header_fault::none);
  for (std::size_t at = 0; at < good.size(); ++at) {
    CAPTURE(at);
    auto lazy = good;
    lazy[at] = mined(good[at].previous, good[at].time, false);
    CHECK(fault_of(lazy, easiest) == header_fault::without_work);
    for (std::uint32_t bits : {0u, 0x04923456u, 0x23000001u, 0x2100ffffu, 0x1d00ffffu}) {
      auto stated = good;
      stated[at].bits = bits;
      CHECK(fault_of(stated, easiest) == header_fault::without_work);
    }
    if (at == 0)
      continue;
    auto torn = good;
    torn[at] = mined(hash256{{1}}, 7);
    CHECK(fault_of(torn, easiest) == header_fault::not_linked);
    auto again = good;
    again.insert(again.begin() + static_cast<std::ptrdiff_t>(at), good[at - 1]);
    CHECK(fault_of(again, easiest) == header_fault::not_linked);
  }
  CHECK(fault_of(std::vector{good[1], good[0]}, easiest) == header_fault::not_linked);
  // Regtest's target is none elsewhere, whatever work it takes.
  for (auto id : {network::main, network::testnet, network::testnet4, network::signet})
    CHECK(fault_of(good, parameters(id).easiest_bits) == header_fault::without_work);
}
