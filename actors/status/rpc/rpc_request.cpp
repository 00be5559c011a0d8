// SPDX-License-Identifier: MIT
#include "actors/interfaces/peer.hpp"
#include "actors/peer/node_context.hpp"
#include "actors/status/rpc/rpc_answer.hpp"
#include "actors/transport/transport.hpp"
#include "messages/dial_reach.hpp"
#include "messages/network_names.hpp"
#include "messages/wire/addresses.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// `request`: any typed request, of one peer or of the set, from any language.
namespace peerage {

namespace {

constexpr double longest_timeout = 3600; // seconds

/// A call of `request`, while its peer is looked up.
struct pending_request {
  rpc_json given;
  caf::timespan timeout{};
  bool wait_for_peer = true;
  std::string body_form; ///< "hex", "base64" or "" for none.
  rpc_done done;
};
using pending_ptr = std::shared_ptr<const pending_request>;

rpc_error wrong(std::string why) {
  return {rpc_code::invalid_parameter, std::move(why), {}};
}

// -- reading ---------------------------------------------------------------------------

wire::hash256 hash_of(const rpc_json& x) {
  wire::hash256 result;
  if (!x.is_string() || !wire::parse_hash(x.get<std::string>(), result))
    throw wrong("a hash has 64 hex digits: " + x.dump());
  return result;
}

const rpc_json& list_in(const rpc_json& given, const char* key, std::size_t most) {
  auto found = given.find(key);
  if (found == given.end() || !found->is_array())
    throw wrong(std::string(key) + " must be a list");
  if (found->size() > most)
    throw wrong(std::string(key) + " has at most " + std::to_string(most) + " entries");
  return *found;
}

std::vector<wire::hash256> hashes_in(const rpc_json& given, const char* key,
                                     std::size_t most) {
  std::vector<wire::hash256> result;
  for (const auto& x : list_in(given, key, most))
    result.push_back(hash_of(x));
  return result;
}

/// A missing or empty locator means: from the genesis block on.
template <class Request>
Request locating(const rpc_json& given, const wire::hash256& genesis) {
  Request result;
  result.locator = {genesis};
  constexpr std::size_t most = 101;
  if (given.contains("locator"))
    if (auto known = hashes_in(given, "locator", most); !known.empty())
      result.locator = std::move(known);
  if (given.contains("stop"))
    result.stop = hash_of(given["stop"]);
  return result;
}

std::vector<transaction_id> ids_in(const rpc_json& given, std::size_t most) {
  std::vector<transaction_id> result;
  for (const auto& x : list_in(given, "ids", most))
    if (x.is_object() && x.size() == 1 && x.contains("wtxid"))
      result.push_back({hash_of(x["wtxid"]), true});
    else
      result.push_back({hash_of(x), false});
  return result;
}

wire::tx transaction_in(const rpc_json& given) {
  auto found = given.find("body");
  std::vector<std::byte> bytes;
  if (found == given.end() || !found->is_string() ||
      !wire::from_hex(found->get<std::string>(), bytes) || bytes.empty())
    throw wrong("body must be a transaction in hex");
  return {wire::slice::copy_of(bytes)};
}

/// Addresses beyond the node's reach are not told, even if a person wishes it.
announce_addresses announcement_in(const rpc_json& given, const node_context& context) {
  announce_addresses result;
  const auto now = static_cast<std::uint32_t>(context.wall.now());
  constexpr std::size_t most = 1'000;
  for (const auto& x : list_in(given, "addresses", most)) {
    endpoint at;
    if (!x.is_string() || !parse_endpoint(x.get<std::string>(), 0, at))
      throw wrong("an address must be \"ip:port\": " + x.dump());
    if (at.zone != 0)
      throw wrong("a zone has no meaning for peers: " + x.dump());
    if (const auto problem = reach_problem(context.sockets->reach(), at);
        !problem.empty())
      throw wrong(x.dump() + " is not told: " + std::string(problem));
    result.entries.push_back(
      wire::to_network_address({now, {wire::node_network, at.ip, at.port}}));
  }
  return result;
}

// -- rendering -------------------------------------------------------------------------

/// Bytes of a body written at a time: a multiple of three, for base64.
constexpr std::size_t bytes_per_piece = 30'000;

std::string body_text(wire::bytes_view bytes, const std::string& form) {
  if (form == "hex")
    return wire::to_hex(bytes);
  std::string result(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                              reinterpret_cast<const unsigned char*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

/// One item of the answer; it may be missing.
struct body_entry {
  rpc_json fields; ///< The members before the body.
  wire::slice body;
};

/// {"`name`": [each with its body]}, written piece by piece.
class body_writer {
public:
  body_writer(std::string name, std::vector<body_entry> entries, std::string form)
      : name_(std::move(name)), entries_(std::move(entries)), form_(std::move(form)) {}

  std::size_t bytes() const {
    std::size_t result = 0;
    for (const auto& x : entries_)
      result += sizeof(body_entry) + x.body.size();
    return result;
  }

  bool next(std::string& to) {
    if (!std::exchange(begun_, true))
      to += "{\"" + name_ + "\":[";
    while (current_ < entries_.size() && to.size() < 2 * bytes_per_piece)
      write_some(to);
    if (current_ < entries_.size())
      return true;
    to += "]}";
    return false;
  }

private:
  void write_some(std::string& to) {
    auto& x = entries_[current_];
    if (written_ == 0) {
      to += current_ == 0 ? "" : ",";
      to += write_rpc_json(x.fields);
      if (form_.empty() || x.body.empty())
        return void(++current_);
      to.back() = ','; // instead of the bracket
      to += "\"body\":\"";
    }
    const auto size = std::min(bytes_per_piece, x.body.size() - written_);
    to += body_text(x.body.view().subspan(written_, size), form_);
    written_ += size;
    if (written_ < x.body.size())
      return;
    to += "\"}";
    written_ = 0;
    x.body = {};
    ++current_;
  }

  std::string name_;
  std::vector<body_entry> entries_;
  std::string form_;
  bool begun_ = false;
  std::size_t current_ = 0;
  std::size_t written_ = 0; ///< Of its body.
};

rpc_stream stream_of(std::string name, std::vector<body_entry> entries,
                     const std::string& form) {
  auto writer = std::make_shared<body_writer>(std::move(name), std::move(entries), form);
  return {[writer](std::string& to) { return writer->next(to); }, writer->bytes()};
}

body_entry entry_of(rpc_json fields, bool available, const wire::slice& body) {
  fields["available"] = available;
  fields["size"] = body.size();
  return {std::move(fields), available ? body : wire::slice{}};
}

rpc_json id_json(const transaction_id& x) {
  return {{x.is_wtxid ? "wtxid" : "txid", wire::to_string(x.hash)}};
}

rpc_json render(const latency& x, const std::string&) {
  return {{"round_trip", std::chrono::duration<double>(x.round_trip).count()}};
}

rpc_json render(const addresses& x, const std::string&) {
  auto list = rpc_json::array();
  for (const auto& entry : x.entries)
    list.push_back({{"address", host_text(entry)},
                    {"port", entry.port},
                    {"network", network_name(entry.network_id)},
                    {"services", entry.services},
                    {"time", entry.time}});
  return {{"addresses", std::move(list)}};
}

rpc_json render(const headers& x, const std::string&) {
  auto list = rpc_json::array();
  for (const auto& entry : x.entries)
    list.push_back({{"hash", wire::to_string(entry.hash())},
                    {"version", entry.version},
                    {"previous", wire::to_string(entry.previous)},
                    {"merkle_root", wire::to_string(entry.merkle_root)},
                    {"time", entry.time},
                    {"bits", entry.bits},
                    {"nonce", entry.nonce}});
  return {{"headers", std::move(list)}};
}

rpc_json render(const block_hashes& x, const std::string&) {
  auto list = rpc_json::array();
  for (const auto& entry : x.entries)
    list.push_back(wire::to_string(entry));
  return {{"hashes", std::move(list)}};
}

rpc_json render(const transaction_ids& x, const std::string&) {
  auto list = rpc_json::array();
  for (const auto& entry : x.entries)
    list.push_back(id_json(entry));
  return {{"ids", std::move(list)}};
}

template <class Reply>
rpc_outcome outcome_from(Reply x, const std::string& form) {
  return rpc_maker{[x = std::move(x), form] { return render(x, form); }};
}

rpc_outcome outcome_from(blocks&& x, const std::string& form) {
  std::vector<body_entry> entries;
  for (const auto& entry : x.entries)
    entries.push_back(entry_of({{"hash", wire::to_string(entry.hash)}}, entry.available,
                               entry.body.bytes));
  return stream_of("blocks", std::move(entries), form);
}

rpc_outcome outcome_from(transactions&& x, const std::string& form) {
  std::vector<body_entry> entries;
  for (const auto& entry : x.entries)
    entries.push_back(entry_of(id_json(entry.id), entry.available, entry.body.bytes));
  return stream_of("transactions", std::move(entries), form);
}

// -- asking ----------------------------------------------------------------------------

/// Each outcome of a request has its own code (invariant I3).
rpc_error failure_of(const caf::error& why) {
  if (why == caf::sec::request_timeout)
    return {rpc_code::timeout, "timeout", {{"outcome", "timeout"}}};
  const auto outcome = outcome_of(why);
  rpc_error result{rpc_code::not_found + 1 - static_cast<int>(outcome),
                   std::string(to_string(outcome)),
                   {{"outcome", to_string(outcome)}}};
  if (outcome == request_error::peer_gone)
    result.data["reason"] = to_string(exit_of_request(why));
  // The reason why nothing was sent.
  if (why.context().match_elements<std::string>())
    result.message += ": " + why.context().get_as<std::string>(0);
  return result;
}

template <class Request>
void send(status_pointer self, const requests_actor& to, const pending_ptr& x,
          Request what) {
  using answer_type = typename Request::reply;
  what.timeout = x->timeout;
  what.wait_for_peer = x->wait_for_peer;
  ask_and_wait<answer_type>(self, to, std::move(what), x->done.client(),
                            [x](caf::expected<answer_type> found) {
                              if (!found)
                                x->done(failure_of(found.error()));
                              else if constexpr (std::is_void_v<answer_type>)
                                x->done(rpc_json(nullptr)); // it is handed to a socket
                              else
                                x->done(outcome_from(std::move(*found), x->body_form));
                            });
}

void dispatch(status_pointer self, const requests_actor& to, const pending_ptr& x) {
  const auto& given = x->given;
  const auto type = given["type"].get<std::string>();
  const auto& genesis = self->state.parts.context->network.genesis;
  constexpr auto most = max_items_per_request;
  if (type == "measure_latency")
    return send(self, to, x, measure_latency{});
  if (type == "get_addresses")
    return send(self, to, x, get_addresses{});
  if (type == "get_headers")
    return send(self, to, x, locating<get_headers>(given, genesis));
  if (type == "get_block_hashes")
    return send(self, to, x, locating<get_block_hashes>(given, genesis));
  if (type == "get_blocks")
    return send(self, to, x, get_blocks{hashes_in(given, "hashes", most)});
  if (type == "get_transactions")
    return send(self, to, x, get_transactions{ids_in(given, most)});
  if (type == "get_mempool")
    return send(self, to, x, get_mempool{});
  if (type == "send_transaction")
    return send(self, to, x, send_transaction{transaction_in(given)});
  if (type == "announce_transactions")
    return send(self, to, x, announce_transactions{ids_in(given, 50'000)});
  if (type == "announce_block")
    return send(self, to, x,
                announce_block{hash_of(given.value("hash", rpc_json(nullptr)))});
  if (type == "announce_addresses")
    return send(self, to, x, announcement_in(given, *self->state.parts.context));
  throw wrong("there is no request type " + type);
}

/// Reports mistakes in a request, found after the look-up of its peer.
void try_dispatch(status_pointer self, const requests_actor& to, const pending_ptr& x) {
  try {
    dispatch(self, to, x);
  } catch (const rpc_error& why) {
    x->done(why);
  }
}

pending_request read_request(const rpc_json& given, caf::timespan default_timeout,
                             const rpc_done& done) {
  if (!given.contains("type") || !given["type"].is_string())
    throw wrong("type must be the name of a request");
  pending_request result{given, default_timeout, true, "hex", done};
  if (given.contains("wait_for_peer")) {
    const auto& wait = given["wait_for_peer"];
    if (!wait.is_boolean())
      throw wrong("wait_for_peer must be true or false");
    result.wait_for_peer = wait.get<bool>();
  }
  if (given.contains("timeout")) {
    const auto& timeout = given["timeout"];
    if (!timeout.is_number() || !(timeout.get<double>() > 0) ||
        timeout.get<double>() > longest_timeout)
      throw wrong("timeout must be seconds, more than 0 and at most 3600");
    result.timeout = std::chrono::duration_cast<caf::timespan>(
      std::chrono::duration<double>(timeout.get<double>()));
  }
  const bool body_is_given = given["type"] == "send_transaction";
  if (given.contains("body") && !body_is_given) {
    const auto& form = given["body"];
    if (form == rpc_json(false))
      result.body_form.clear();
    else if (form == "hex" || form == "base64")
      result.body_form = form.get<std::string>();
    else
      throw wrong("body must be \"hex\", \"base64\" or false");
  }
  return result;
}

void request_call(status_pointer self, const rpc_arguments& arguments,
                  const rpc_done& done) {
  const auto& peers = self->state.parts.peers;
  const auto given = arguments.as_object("what");
  auto x = std::make_shared<const pending_request>(
    read_request(given, self->state.parts.context->timing.request_timeout, done));
  const auto peer = given.value("peer", rpc_json("any"));
  if (peer == "any")
    return try_dispatch(self, caf::actor_cast<requests_actor>(peers), x);
  if (!peer.is_number_unsigned())
    throw wrong("peer must be the id of a peer or \"any\"");
  self
    ->request(peers, status_limits::source_deadline, caf::get_atom_v, peer.get<peer_id>())
    .then(
      [self, x](const client_actor& client) {
        try_dispatch(self, caf::actor_cast<requests_actor>(client), x);
      },
      [x](caf::error& why) { x->done(failure_of(why)); });
}

} // namespace

void add_request_method(rpc_methods& to) {
  to.add(
    {"request",
     {{"what", rpc_type::object, false, rpc_reading::or_text},
      {"peer", rpc_type::text | rpc_type::number, false, rpc_reading::or_text},
      {"type"},
      {"timeout", rpc_type::number, false, rpc_reading::or_text},
      {"wait_for_peer", rpc_type::boolean, false, rpc_reading::or_text},
      {"locator", rpc_type::list, false, rpc_reading::or_text},
      {"stop"},
      {"hashes", rpc_type::list, false, rpc_reading::or_text},
      {"ids", rpc_type::list, false, rpc_reading::or_text},
      {"body", rpc_type::text | rpc_type::boolean, false, rpc_reading::or_text},
      {"hash"},
      {"addresses", rpc_type::list, false, rpc_reading::or_text}},
     "request {\"peer\": id|\"any\", \"type\": …, \"timeout\": seconds, …}\nA typed "
     "request of one peer, or of the best suited; as one object, or as named "
     "parameters. Of \"any\", it waits for a peer that can take it, at the latest until "
     "its timeout, unless \"wait_for_peer\" is false. Types:\n"
     "  measure_latency, get_addresses, get_mempool\n"
     "  get_headers, get_block_hashes   \"locator\": [hash], \"stop\": hash\n"
     "  get_blocks                      \"hashes\": [hash], \"body\": "
     "\"hex\"|\"base64\"|false\n"
     "  get_transactions                \"ids\": [txid | {\"wtxid\": hash}], \"body\"\n"
     "  send_transaction                \"body\": hex\n"
     "  announce_transactions           \"ids\"\n"
     "  announce_block                  \"hash\"\n"
     "  announce_addresses              \"addresses\": [\"ip:port\"]\n"
     "Errors: -101 not_found, -102 timeout, -103 overloaded, -104 cancelled, -105 "
     "peer_gone, -106 no_ready_peer, -107 shutting_down, -108 too_many_waiting.\n"
     "measure_latency of a peer too old to answer pings, and get_mempool of one that "
     "does\n"
     "not offer it, are not_found at once. At a timeout, get_blocks and "
     "get_transactions\n"
     "bring what has come.",
     request_call,
     false,
     true});
}

} // namespace peerage
