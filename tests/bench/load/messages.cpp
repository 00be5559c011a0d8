#define OPENSSL_SUPPRESS_DEPRECATED // the one-shot calls that replace these are slower

#include "tests/bench/load/messages.hpp"

#include "tests/bench/bench_client.hpp"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <ctime>
#include <stdexcept>
#include <string>

namespace load_client {

namespace {

std::array<byte, SHA256_DIGEST_LENGTH> double_sha256(std::span<const byte> data) {
  std::array<byte, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(digest.data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

} // namespace

std::uint64_t random_number() {
  std::uint64_t result = 0;
  if (RAND_bytes(reinterpret_cast<byte*>(&result), sizeof result) != 1)
    throw std::runtime_error("no random bytes");
  return result;
}

void put_integer(bytes& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(static_cast<byte>(value >> (8 * i)));
}

void put_message(bytes& out, const command& name, std::span<const byte> payload) {
  put_range(out, regtest_magic);
  put_range(out, name);
  put_integer(out, payload.size(), 4);
  const auto digest = double_sha256(payload);
  out.insert(out.end(), digest.begin(), digest.begin() + checksum_size);
  put_range(out, payload);
}

bytes make_version() {
  constexpr std::string_view user_agent = "/load_client:1.0/";
  constexpr std::size_t network_address_size = 26;
  bytes payload;
  put_integer(payload, own_protocol_version, 4);
  put_integer(payload, 0, 8); // services
  put_integer(payload, static_cast<std::uint64_t>(std::time(nullptr)), 8);
  payload.insert(payload.end(), 2 * network_address_size, byte{0});
  put_integer(payload, random_number(), 8);
  payload.push_back(static_cast<byte>(user_agent.size()));
  put_range(payload, user_agent);
  put_integer(payload, 0, 4); // height
  payload.push_back(0);       // relay
  bytes message;
  put_message(message, version_command, payload);
  return message;
}

bytes make_block(std::size_t size) {
  constexpr std::size_t block_header_size = 80;
  constexpr std::size_t bytes_around_script = 4 + 1 + 36 + 4 + 1 + 8 + 1 + 1 + 4;
  constexpr std::size_t largest_one_byte_count = 252;
  constexpr std::size_t largest_three_byte_count = 0xffff;
  constexpr std::size_t fixed = block_header_size + 1 + bytes_around_script;

  bytes script_length;
  std::size_t script_size = 0;
  const auto room = [size](std::size_t taken) { return size > taken ? size - taken : 0; };
  if (room(fixed + 5) > largest_three_byte_count) {
    script_size = room(fixed + 5);
    script_length.push_back(0xfe);
    put_integer(script_length, script_size, 4);
  } else if (room(fixed + 3) > largest_one_byte_count &&
             room(fixed + 3) <= largest_three_byte_count) {
    script_size = room(fixed + 3);
    script_length.push_back(0xfd);
    put_integer(script_length, script_size, 2);
  } else {
    throw usage_problem("--size " + std::to_string(size) +
                        ": no block of one transaction has exactly this size");
  }

  bytes transaction;
  put_integer(transaction, 2, 4); // version
  transaction.push_back(1);       // inputs
  transaction.insert(transaction.end(), 32, byte{0});
  put_integer(transaction, 0xffffffff, 4); // with a null hash: the null outpoint
  put_range(transaction, script_length);
  transaction.insert(transaction.end(), script_size, byte{0x51});
  put_integer(transaction, 0xffffffff, 4);    // sequence
  transaction.push_back(1);                   // outputs
  put_integer(transaction, 5'000'000'000, 8); // value
  transaction.push_back(1);                   // script length
  transaction.push_back(0x51);                // OP_TRUE
  put_integer(transaction, 0, 4);             // locktime

  bytes block;
  put_integer(block, 0x20000000, 4);            // version
  block.insert(block.end(), 32, byte{0});       // previous block
  put_range(block, double_sha256(transaction)); // the Merkle root of one transaction
  put_integer(block, 1'700'000'000, 4);         // time
  put_integer(block, 0x207fffff, 4);            // bits
  put_integer(block, 0, 4);                     // nonce
  block.push_back(1);                           // transactions
  put_range(block, transaction);
  return block;
}

} // namespace load_client
