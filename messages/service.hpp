// SPDX-License-Identifier: MIT
#pragma once

#include "messages/lifecycle.hpp"
#include "messages/requests.hpp"
#include "messages/wire/messages.hpp"

#include <variant>
#include <vector>

/// The questions and news of remotes: the messages from a CONNECTION to the inbound
/// service that the node supplies. A connection has one of these under way at a time and
/// waits for the answer, at most `peer_timing::service_timeout`; an error answer means
/// "not found" (notfound where the protocol has one).
namespace peerage {

/// getheaders -> `headers`, possibly none.
struct serve_headers {
  using reply = headers;

  peer_id peer = 0;
  std::vector<wire::hash256> locator;
  wire::hash256 stop;
};

/// getblocks -> `block_hashes`; an empty answer sends nothing, as usual in the network.
struct serve_block_hashes {
  using reply = block_hashes;

  peer_id peer = 0;
  std::vector<wire::hash256> locator;
  wire::hash256 stop;
};

/// One block of a getdata -> wire::block, or any error for notfound.
struct serve_block {
  using reply = wire::block;

  peer_id peer = 0;
  wire::hash256 hash;
  bool witness = false; ///< With witnesses; false: leave them out (BIP 144).
};

/// One transaction of a getdata -> wire::tx, or any error for notfound.
struct serve_transaction {
  using reply = wire::tx;

  peer_id peer = 0;
  transaction_id id;
  bool witness = false;
};

/// mempool -> `transaction_ids`. Asked only of a service that offers NODE_BLOOM; any
/// other node's peer that sends mempool is ended.
struct serve_mempool {
  using reply = transaction_ids;

  peer_id peer = 0;
};

/// getaddr of an inbound peer, once per connection -> `addresses`.
struct serve_addresses {
  using reply = addresses;

  peer_id peer = 0;
};

/// inv that answers no request of ours. No answer but "taken".
struct inventory_announced {
  using reply = void;

  peer_id peer = 0;
  std::vector<wire::inventory_entry> entries; ///< At most 50,000; known types only.
};

/// headers that answer no request of ours.
struct headers_announced {
  using reply = void;

  peer_id peer = 0;
  std::vector<wire::block_header> entries; ///< At most 2,000.
};

/// addr or addrv2 that answers no request of ours.
struct addresses_announced {
  using reply = void;

  peer_id peer = 0;
  std::vector<wire::network_address> entries; ///< At most 1,000.
};

/// A transaction that answers no request of ours. An error as the answer means that it
/// was not new or not valid: then it does not count in the peer's favour at an eviction.
struct transaction_received {
  using reply = void;

  peer_id peer = 0;
  wire::tx body;
};

/// A block that answers no request of ours. Errors: as with transaction_received.
struct block_received {
  using reply = void;

  peer_id peer = 0;
  wire::block body;
};

/// Anything that a CONNECTION asks of, or tells, the node's inbound service.
using service_request =
  std::variant<serve_headers, serve_block_hashes, serve_block, serve_transaction,
               serve_mempool, serve_addresses, inventory_announced, headers_announced,
               addresses_announced, transaction_received, block_received>;

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, serve_headers& x) {
  return f(caf::meta::type_name("peerage.serve_headers"), x.peer, x.locator, x.stop);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, serve_block_hashes& x) {
  return f(caf::meta::type_name("peerage.serve_block_hashes"), x.peer, x.locator, x.stop);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, serve_block& x) {
  return f(caf::meta::type_name("peerage.serve_block"), x.peer, x.hash, x.witness);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, serve_transaction& x) {
  return f(caf::meta::type_name("peerage.serve_transaction"), x.peer, x.id, x.witness);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, serve_mempool& x) {
  return f(caf::meta::type_name("peerage.serve_mempool"), x.peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, serve_addresses& x) {
  return f(caf::meta::type_name("peerage.serve_addresses"), x.peer);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inventory_announced& x) {
  return f(caf::meta::type_name("peerage.inventory_announced"), x.peer, x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, headers_announced& x) {
  return f(caf::meta::type_name("peerage.headers_announced"), x.peer, x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, addresses_announced& x) {
  return f(caf::meta::type_name("peerage.addresses_announced"), x.peer, x.entries);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, transaction_received& x) {
  return f(caf::meta::type_name("peerage.transaction_received"), x.peer, x.body);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, block_received& x) {
  return f(caf::meta::type_name("peerage.block_received"), x.peer, x.body);
}

} // namespace peerage
