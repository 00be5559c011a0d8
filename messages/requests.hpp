// SPDX-License-Identifier: MIT
#pragma once

#include "messages/lifecycle.hpp"
#include "messages/wire/messages.hpp"

#include <caf/error.hpp>
#include <caf/make_message.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

/// The typed requests that a client (and a set of clients) answers. Each request
/// documents the message on the wire, the event that completes it, and its reply. Every
/// request ends exactly once (invariant I3): with its reply, or with a `request_error`.
///
/// `timeout` is the request's own deadline, counted from its arrival at the connection;
/// zero means the configured default. A caller's own timeout should be longer.
///
/// A set holds a request that no peer can take yet until one can, at the latest until its
/// deadline, which counts from its arrival at the set; with `wait_for_peer` false it
/// fails with `no_ready_peer` at once. Of one kind, the first to come is the first to go.
/// A single peer ignores `wait_for_peer`, and the timeout of pushes: it is the peer.
namespace peerage {

/// Why a request ends without a value.
enum class request_error : std::uint8_t {
  not_found = 1,    ///< The peer has none of the items, by its own word.
  timeout,          ///< The deadline passed. No evidence that the peer lacks the item.
  overloaded,       ///< Too many requests are under way already; nothing was sent.
  cancelled,        ///< The client was dropped while the request was under way, or a ping
                    ///< was answered by a pong that does not say which ping it answers.
  peer_gone,        ///< The peer ended first; `exit_of_request` tells why.
  no_ready_peer,    ///< The set had no peer that could take it, until its deadline.
  shutting_down,    ///< The peer manager stops.
  too_many_waiting, ///< The set holds as many requests as it may until peers come.
};

std::string_view to_string(request_error x);

} // namespace peerage

CAF_ERROR_CODE_ENUM(peerage::request_error, "request")

namespace peerage {

/// The error that a request gets when its peer ends with `reason`.
caf::error request_error_for(peer_exit reason);

/// How a failed request ended. CAF's own answer for an actor that has ended,
/// `sec::request_receiver_down`, is `peer_gone`; its request timeout is `timeout`.
request_error outcome_of(const caf::error& failure);

/// The peer's reason in a `peer_gone`; `internal_error` if the error carries none.
peer_exit exit_of_request(const caf::error& failure);

// The replies. Each request names its own as `reply`; void for requests that are complete
// when their message is handed to the socket.
struct latency;
struct addresses;
struct headers;
struct block_hashes;
struct blocks;
struct transactions;
struct transaction_ids;

/// Sends ping; completes on the pong with the same nonce. A timeout fails the request,
/// not the peer: only the heartbeat's pings decide about a peer. Fails at once with
/// `not_found`, and sends nothing, if the peer is too old to answer pings (BIP 31).
struct measure_latency {
  using reply = latency;

  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct latency {
  caf::timespan round_trip{};
};

/// Sends getaddr; completes on an addr or addrv2 with more than one entry. A single entry
/// is how nodes announce themselves: it is kept, and is the reply at the deadline if no
/// longer list came.
///
/// The question has no content to match, so any list answers it, even a late answer to an
/// earlier one.
struct get_addresses {
  using reply = addresses;

  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct addresses {
  std::vector<wire::network_address> entries; ///< At most 1,000.
};

/// Sends getheaders and, as a fence, ping; completes on headers that connect to the
/// locator (or to genesis), or on none: the peer knows nothing newer. The fence tells a
/// late answer to an earlier request from the answer to this one.
struct get_headers {
  using reply = headers;

  std::vector<wire::hash256> locator; ///< Newest first; at most 101.
  wire::hash256 stop;                 ///< Zero: as many as fit, 2,000.
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct headers {
  std::vector<wire::block_header> entries;
};

/// Sends getblocks and, as a fence, ping: the network answers "nothing newer" with
/// silence, so the pong behind it ends the wait. Completes on an inv of blocks, or that
/// pong.
struct get_block_hashes {
  using reply = block_hashes;

  std::vector<wire::hash256> locator; ///< As in get_headers.
  wire::hash256 stop;
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct block_hashes {
  std::vector<wire::hash256> entries; ///< At most 500 from today's nodes.
};

/// Sends getdata (with witnesses, from peers that have them); each hash completes with
/// its block or with notfound, matched by content. Duplicates are asked for once. Fails
/// with `not_found` only when every block is missing. At the deadline, completes with the
/// entries so far: there is none for an item without an answer. `timeout` if no block has
/// come.
struct get_blocks {
  using reply = blocks;

  std::vector<wire::hash256> hashes; ///< At most `max_items_per_request`.
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct fetched_block {
  wire::hash256 hash;
  bool available = false;
  wire::block body; ///< Empty when missing.
};

struct blocks {
  /// In the order of the request. From a set, with an entry for each requested item.
  std::vector<fetched_block> entries;
};

/// Names a transaction, by txid or by wtxid (BIP 339).
struct transaction_id {
  wire::hash256 hash;
  bool is_wtxid = false;
  friend bool operator==(const transaction_id&, const transaction_id&) = default;
};

/// Sends getdata; like get_blocks.
struct get_transactions {
  using reply = transactions;

  std::vector<transaction_id> ids; ///< At most `max_items_per_request`.
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct fetched_transaction {
  transaction_id id;
  bool available = false;
  wire::tx body;
};

struct transactions {
  std::vector<fetched_transaction> entries;
};

/// Sends mempool (BIP 35); completes on the next inv of transactions, which is also
/// passed to the node: an answer, or a late one, looks like an announcement. An empty
/// pool is answered with silence, so it ends in `timeout`. Fails at once with
/// `not_found`, and sends nothing, if the peer does not offer NODE_BLOOM: such a peer
/// would hang up.
struct get_mempool {
  using reply = transaction_ids;

  caf::timespan timeout{};
  bool wait_for_peer = true;
};

struct transaction_ids {
  std::vector<transaction_id> entries;
};

/// Sends tx, unasked; completes when it is handed to the socket.
struct send_transaction {
  using reply = void;

  wire::tx body;
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

/// Sends inv; completes when it is handed to the socket. Use wtxids for peers that
/// negotiated wtxidrelay, txids for others.
struct announce_transactions {
  using reply = void;

  std::vector<transaction_id> ids; ///< At most 50,000.
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

/// Sends inv of a block; completes when it is handed to the socket.
struct announce_block {
  using reply = void;

  wire::hash256 hash;
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

/// Sends addr or addrv2, as the peer understands, without addresses that the form cannot
/// express; completes when it is handed to the socket.
struct announce_addresses {
  using reply = void;

  std::vector<wire::network_address> entries; ///< At most 1,000.
  caf::timespan timeout{};
  bool wait_for_peer = true;
};

/// More items than this in one request are answered with `overloaded`.
inline constexpr std::size_t max_items_per_request = 1'000;

/// Requests for keyed items (blocks, transactions, pings) that are on the wire to one
/// peer at a time. Unkeyed kinds (addresses, headers, block hashes, mempool) have one
/// each.
inline constexpr std::size_t max_keyed_in_flight = 16;

/// Requests of one peer that wait for their turn; beyond, the answer is `overloaded`.
inline constexpr std::size_t max_requests_queued = 16;

/// Bodies held for unfinished requests of one peer, in bytes. The request whose body
/// exceeds it ends as `overloaded`: ask for less at a time.
inline constexpr std::size_t max_held_bytes = 64 << 20;

/// Any request, for code that handles them alike. The interfaces that answer requests are
/// made from this list.
using request =
  std::variant<measure_latency, get_addresses, get_headers, get_block_hashes, get_blocks,
               get_transactions, get_mempool, send_transaction, announce_transactions,
               announce_block, announce_addresses>;
/// Any reply.
using reply = std::variant<caf::unit_t, latency, addresses, headers, block_hashes, blocks,
                           transactions, transaction_ids>;

/// The alternatives of `request`, in its order.
enum class request_kind : std::uint8_t {
  measure_latency,
  get_addresses,
  get_headers,
  get_block_hashes,
  get_blocks,
  get_transactions,
  get_mempool,
  send_transaction,
  announce_transactions,
  announce_block,
  announce_addresses,
};

inline constexpr std::size_t request_kind_count = std::variant_size_v<request>;

request_kind kind_of(const request& x);

/// snake_case: the label `type` of `peerage_outbound_requests_total`.
std::string_view to_string(request_kind x);

/// Whether answers are matched by content, so that a peer can have many under way.
bool is_keyed(request_kind x);

/// Whether the request is complete when handed to the socket: no answer is awaited.
bool is_push(request_kind x);

// -- serialisation between processes ---------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, measure_latency& x) {
  return f(caf::meta::type_name("peerage.measure_latency"), x.timeout, x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, latency& x) {
  return f(caf::meta::type_name("peerage.latency"), x.round_trip);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_addresses& x) {
  return f(caf::meta::type_name("peerage.get_addresses"), x.timeout, x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, addresses& x) {
  return f(caf::meta::type_name("peerage.addresses"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_headers& x) {
  return f(caf::meta::type_name("peerage.get_headers"), x.locator, x.stop, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, headers& x) {
  return f(caf::meta::type_name("peerage.headers"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_block_hashes& x) {
  return f(caf::meta::type_name("peerage.get_block_hashes"), x.locator, x.stop, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, block_hashes& x) {
  return f(caf::meta::type_name("peerage.block_hashes"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_blocks& x) {
  return f(caf::meta::type_name("peerage.get_blocks"), x.hashes, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fetched_block& x) {
  return f(caf::meta::type_name("peerage.fetched_block"), x.hash, x.available, x.body);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, blocks& x) {
  return f(caf::meta::type_name("peerage.blocks"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, transaction_id& x) {
  return f(caf::meta::type_name("peerage.transaction_id"), x.hash, x.is_wtxid);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_transactions& x) {
  return f(caf::meta::type_name("peerage.get_transactions"), x.ids, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, fetched_transaction& x) {
  return f(caf::meta::type_name("peerage.fetched_transaction"), x.id, x.available,
           x.body);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, transactions& x) {
  return f(caf::meta::type_name("peerage.transactions"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, get_mempool& x) {
  return f(caf::meta::type_name("peerage.get_mempool"), x.timeout, x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, transaction_ids& x) {
  return f(caf::meta::type_name("peerage.transaction_ids"), x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, send_transaction& x) {
  return f(caf::meta::type_name("peerage.send_transaction"), x.body, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, announce_transactions& x) {
  return f(caf::meta::type_name("peerage.announce_transactions"), x.ids, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, announce_block& x) {
  return f(caf::meta::type_name("peerage.announce_block"), x.hash, x.timeout,
           x.wait_for_peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, announce_addresses& x) {
  return f(caf::meta::type_name("peerage.announce_addresses"), x.entries, x.timeout,
           x.wait_for_peer);
}

} // namespace peerage
