// SPDX-License-Identifier: MIT
#include "actors/addresses/saved_addresses.hpp"

#include "actors/base/log.hpp"
#include "actors/storage/state_file.hpp"
#include "messages/wire/addresses.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <tuple>

namespace peerage {

namespace {

using json = nlohmann::json;

constexpr std::size_t longest_address = 32; // bytes, of Tor and I2P

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string result;
  result.reserve(2 * bytes.size());
  for (auto byte : bytes) {
    result += "0123456789abcdef"[byte >> 4];
    result += "0123456789abcdef"[byte & 15];
  }
  return result;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0 || text.size() > 2 * longest_address)
    return std::nullopt;
  std::vector<std::uint8_t> result(text.size() / 2);
  for (auto& byte : result) {
    auto [end, error] = std::from_chars(text.data(), text.data() + 2, byte, 16);
    if (error != std::errc{} || end != text.data() + 2)
      return std::nullopt;
    text.remove_prefix(2);
  }
  return result;
}

// -- members of an object; false if they are missing or of another kind ---------------

template <class Number>
bool read(const json& from, const char* name, Number& to) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_number_integer())
    return false;
  if (!found->is_number_unsigned() && found->get<std::int64_t>() < 0)
    return false;
  const auto value = found->get<std::uint64_t>();
  if (value > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
    return false;
  to = static_cast<Number>(value);
  return true;
}

bool read(const json& from, const char* name, bool& to) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_boolean())
    return false;
  to = found->get<bool>();
  return true;
}

std::string_view text_of(const json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string()
           ? std::string_view{found->get_ref<const std::string&>()}
           : std::string_view{};
}

// -- entries --------------------------------------------------------------------------

json to_json(const address_entry& x) {
  json result{{"network", network_name(x.address.network_id)},
              {"address", to_hex(x.address.bytes)},
              {"port", x.address.port},
              {"time", x.address.time},
              {"services", x.address.services},
              {"last_attempt", x.last_attempt},
              {"last_success", x.last_success},
              {"failures", x.failures},
              {"tried", x.tried}};
  if (x.source)
    result["source"] = to_string(*x.source);
  return result;
}

std::optional<address_entry> entry_from(const json& from) {
  if (!from.is_object())
    return std::nullopt;
  address_entry result;
  auto& address = result.address;
  address.network_id = network_id(text_of(from, "network"));
  auto bytes = from_hex(text_of(from, "address"));
  if (!bytes || address.network_id == 0 || !read(from, "port", address.port) ||
      !read(from, "time", address.time) || !read(from, "services", address.services) ||
      !read(from, "last_attempt", result.last_attempt) ||
      !read(from, "last_success", result.last_success) ||
      !read(from, "failures", result.failures) || !read(from, "tried", result.tried))
    return std::nullopt;
  address.bytes = std::move(*bytes);
  if (endpoint source; parse_endpoint(text_of(from, "source"), 0, source))
    result.source = source;
  return result;
}

} // namespace

json to_json(const hash_secret& secret, const std::vector<address_entry>& entries) {
  auto list = json::array();
  for (const auto& x : entries)
    list.push_back(to_json(x));
  json result{{"secret", to_hex(secret)}};
  result["addresses"] = std::move(list);
  return result;
}

saved_addresses saved_addresses_from(const json& body) {
  saved_addresses result;
  if (!body.is_object())
    return result;
  if (auto bytes = from_hex(text_of(body, "secret"));
      bytes && bytes->size() == std::tuple_size_v<hash_secret>)
    std::ranges::copy(*bytes, result.secret.emplace().begin());
  const auto list = body.find("addresses");
  if (list == body.end() || !list->is_array())
    return result;
  for (const auto& x : *list) {
    if (auto entry = entry_from(x))
      result.entries.push_back(std::move(*entry));
    else
      ++result.unreadable;
  }
  return result;
}

saved_addresses load_saved_addresses(disk& on, const std::filesystem::path& path) {
  const auto file =
    load_and_report(on, path, saved_addresses_kind, saved_addresses_version);
  auto result = file.body ? saved_addresses_from(*file.body) : saved_addresses{};
  result.last_record = file.last_record;
  for (const auto& change : file.changes) {
    auto read = saved_addresses_from(change);
    if (!result.secret) // nothing was saved yet
      result.secret = read.secret;
    result.unreadable += read.unreadable;
    std::ranges::move(read.entries, std::back_inserter(result.changed));
  }
  if (result.unreadable > 0)
    log::warn("{}: {} addresses could not be read and are left out", path.string(),
              result.unreadable);
  return result;
}

} // namespace peerage
