// SPDX-License-Identifier: MIT
#include "messages/wire/frame_decoder.hpp"
#include "messages/wire/network.hpp"
#include "tests/support/random_messages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <ranges>
#include <stdexcept>
#include <string>

/// Our codec, for programs in other languages: `codec_tool NETWORK`, then lines on stdin,
/// each answered with one line of JSON.
///   decode HEX        a whole message, envelope included -> its fields, and re-encoded
///   encode JSON       {"command", "fields"} as decode shows them -> {"hex"}
///   random SEED TYPE  -> the fields and the hex of a generated message
/// Byte strings and hashes are hex in the order of the wire.

namespace {

using namespace peerage;
using namespace peerage::wire;
using nlohmann::json;

std::string hex_of(const void* data, std::size_t size) {
  return to_hex({static_cast<const std::byte*>(data), size});
}

std::vector<std::byte> bytes_of(const json& text) {
  std::vector<std::byte> result;
  if (!from_hex(text.get<std::string>(), result))
    throw std::runtime_error("not hex: " + text.dump());
  return result;
}

/// Text, octets, slices: what JSON shows as hex.
template <class T>
concept byte_range = requires(T& x) {
  requires sizeof(*x.data()) == 1;
};

// -- every message's fields, by name ----------------------------------------------------

void members(auto& v, socket_address& x) {
  v("services", x.services), v("ip", x.ip), v("port", x.port);
}
void members(auto& v, version& x) {
  v("protocol", x.protocol), v("services", x.services), v("time", x.time);
  v("receiver", x.receiver), v("sender", x.sender), v("nonce", x.nonce);
  v("user_agent", x.user_agent), v("start_height", x.start_height), v("relay", x.relay);
}
void members(auto& v, ping& x) {
  v("nonce", x.nonce);
}
void members(auto& v, pong& x) {
  v("nonce", x.nonce);
}
void members(auto& v, timed_address& x) {
  v("time", x.time), v("address", x.address);
}
void members(auto& v, network_address& x) {
  v("time", x.time), v("services", x.services), v("network_id", x.network_id);
  v("bytes", x.bytes), v("port", x.port);
}
void members(auto& v, inventory_entry& x) {
  v("type", x.type), v("hash", x.hash);
}
void members(auto& v, block_header& x) {
  v("version", x.version), v("previous", x.previous), v("merkle_root", x.merkle_root);
  v("time", x.time), v("bits", x.bits), v("nonce", x.nonce);
}
void members(auto& v, getheaders& x) {
  v("protocol", x.protocol), v("locator", x.locator), v("stop", x.stop);
}
void members(auto& v, getblocks& x) {
  v("protocol", x.protocol), v("locator", x.locator), v("stop", x.stop);
}
void members(auto& v, sendcmpct& x) {
  v("announce", x.announce), v("version", x.version);
}
void members(auto& v, feefilter& x) {
  v("rate", x.rate);
}
void members(auto& v, reject& x) {
  v("message", x.message), v("code", x.code), v("reason", x.reason), v("data", x.data);
}
template <class T>
requires requires(T& x) {
  x.entries;
}
void members(auto& v, T& x) {
  v("entries", x.entries);
}
template <class T>
requires std::same_as<decltype(T::bytes), slice>
void members(auto& v, T& x) {
  v("bytes", x.bytes);
}
template <class T>
requires std::is_empty_v<T>
void members(auto&, T&) {}

class json_writer {
public:
  json result = json::object();

  template <class T>
  void operator()(const char* name, T& x) {
    result[name] = value(x);
  }

  template <class T>
  static json value(T& x) {
    if constexpr (std::is_arithmetic_v<T>)
      return x;
    else if constexpr (std::is_same_v<T, hash256>)
      return hex_of(x.bytes.data(), x.bytes.size());
    else if constexpr (byte_range<T>)
      return hex_of(x.data(), x.size());
    else if constexpr (std::ranges::range<T>) {
      auto list = json::array();
      for (auto& entry : x)
        list.push_back(value(entry));
      return list;
    } else {
      json_writer inner;
      members(inner, x);
      return inner.result;
    }
  }
};

class json_reader {
public:
  explicit json_reader(const json& from) : from_(from) {}

  template <class T>
  void operator()(const char* name, T& x) {
    value(from_.at(name), x);
  }

  template <class T>
  static void value(const json& from, T& x) {
    if constexpr (std::is_arithmetic_v<T>)
      x = from.get<T>();
    else if constexpr (std::is_same_v<T, hash256>)
      value(from, x.bytes);
    else if constexpr (std::is_same_v<T, slice>)
      x = slice::adopt(bytes_of(from));
    else if constexpr (byte_range<T>) {
      auto bytes = bytes_of(from);
      if constexpr (requires { x.resize(1); })
        x.resize(bytes.size());
      if (bytes.size() != x.size())
        throw std::runtime_error("wrong length: " + from.dump());
      std::ranges::transform(bytes, x.begin(), [](std::byte b) {
        return static_cast<typename T::value_type>(b);
      });
    } else if constexpr (std::ranges::range<T>) {
      x.resize(from.size());
      for (std::size_t i = 0; i < x.size(); ++i)
        value(from[i], x[i]);
    } else {
      json_reader inner{from};
      members(inner, x);
    }
  }

private:
  const json& from_;
};

// -- the three questions ----------------------------------------------------------------

json describe(std::uint32_t magic, message& x) {
  json result{{"command", to_string(command_of(x))}};
  result["fields"] = std::visit([](auto& body) { return json_writer::value(body); }, x);
  auto whole = encode(magic, x);
  result["hex"] = to_hex(whole);
  if (auto* body = std::get_if<tx>(&x)) {
    result["txid"] = to_string(body->txid());
    result["wtxid"] = to_string(body->wtxid());
  } else if (auto* known = std::get_if<block>(&x)) {
    result["hash"] = to_string(known->hash());
  } else if (auto* list = std::get_if<wire::headers>(&x)) {
    for (const auto& entry : list->entries)
      result["hashes"].push_back(to_string(entry.hash()));
  }
  return result;
}

command command_named(std::string_view name) {
  for (auto type : test::all_commands())
    if (to_string(type) == name)
      return type;
  throw std::runtime_error("no such command: " + std::string(name));
}

json decode_line(std::uint32_t magic, const std::string& hex) {
  frame_decoder decoder{magic};
  decoder.set_payload_limit(limits::payload);
  std::vector<frame> frames;
  decoder.feed(bytes_of(hex), frames);
  if (frames.size() != 1 || decoder.mid_message() ||
      decoder.error() != frame_error::none || !frames[0].checksum_ok())
    return {{"error", "not one whole message"}};
  message x;
  auto result = decode(frames[0].type, frames[0].payload, x);
  if (result != decode_result::ok)
    return {{"error", result == decode_result::malformed ? "malformed" : "over_limit"}};
  return describe(magic, x);
}

json encode_line(std::uint32_t magic, const std::string& text) {
  auto from = json::parse(text);
  // A generated message of the type has the right alternative; its fields are replaced.
  auto x = test::message_generator{1}.message(
    command_named(from.at("command").get<std::string>()));
  std::visit([&](auto& body) { json_reader::value(from.at("fields"), body); }, x);
  return {{"hex", to_hex(encode(magic, x))}};
}

json random_line(std::uint32_t magic, const std::string& rest) {
  auto space = rest.find(' ');
  auto seed = std::stoull(rest.substr(0, space));
  auto x = test::message_generator{seed}.message(command_named(rest.substr(space + 1)));
  return describe(magic, x);
}

} // namespace

int main(int argc, char** argv) {
  const auto* network = find_network(argc > 1 ? argv[1] : "regtest");
  if (!network) {
    std::cerr << "no such network: " << argv[1] << '\n';
    return 2;
  }
  for (std::string line; std::getline(std::cin, line);) {
    auto space = line.find(' ');
    auto verb = line.substr(0, space);
    auto rest = space == line.npos ? std::string{} : line.substr(space + 1);
    json answer;
    try {
      if (verb == "decode")
        answer = decode_line(network->magic, rest);
      else if (verb == "encode")
        answer = encode_line(network->magic, rest);
      else if (verb == "random")
        answer = random_line(network->magic, rest);
      else
        answer = {{"error", "decode, encode or random, please"}};
    } catch (const std::exception& failure) {
      answer = {{"error", failure.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
