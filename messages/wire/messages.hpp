// SPDX-License-Identifier: MIT
#pragma once

#include "messages/wire/commands.hpp"
#include "messages/wire/hash.hpp"
#include "messages/wire/slice.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// The Bitcoin P2P messages as plain structs, named by the protocol's own words. Source,
/// unless another is named: the protocol documentation and the version, addr, inv,
/// getheaders … messages as the network's nodes send them.
namespace peerage::wire {

/// Service bits of a version message (BIPs 111, 144, 157, 159, 324).
enum service : std::uint64_t {
  node_network = 1,
  node_bloom = 1 << 2,
  node_witness = 1 << 3,
  node_compact_filters = 1 << 6,
  node_network_limited = 1 << 10,
  node_p2p_v2 = 1 << 11,
};

/// An address as in version and addr: IPv6, or IPv4 mapped into it.
struct socket_address {
  std::uint64_t services = 0;
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0; ///< Big-endian on the wire, unlike everything else.
  friend bool operator==(const socket_address&, const socket_address&) = default;
};

/// Opens the handshake, once in each direction.
struct version {
  std::int32_t protocol = 0;
  std::uint64_t services = 0;
  std::int64_t time = 0; ///< Unix seconds by the sender's clock.
  socket_address receiver;
  socket_address sender;
  std::uint64_t nonce = 0; ///< Random; a node that sees its own hangs up.
  std::string user_agent;  ///< BIP 14; at most 256 bytes, any bytes.
  std::int32_t start_height = 0;
  bool relay = true; ///< BIP 37: announce transactions to the sender. Optional field.
  friend bool operator==(const version&, const version&) = default;
};

struct verack {
  friend bool operator==(const verack&, const verack&) = default;
};

struct ping {
  std::uint64_t nonce = 0; ///< The remote echoes it (BIP 31).
  friend bool operator==(const ping&, const ping&) = default;
};

struct pong {
  std::uint64_t nonce = 0;
  friend bool operator==(const pong&, const pong&) = default;
};

struct getaddr {
  friend bool operator==(const getaddr&, const getaddr&) = default;
};

/// An entry of addr.
struct timed_address {
  std::uint32_t time = 0; ///< When the node was last seen, in Unix seconds.
  socket_address address;
  friend bool operator==(const timed_address&, const timed_address&) = default;
};

struct addr {
  std::vector<timed_address> entries;
  friend bool operator==(const addr&, const addr&) = default;
};

/// An entry of addrv2 (BIP 155). `bytes` is as long as its network prescribes; addresses
/// of other networks, up to 512 bytes, are kept unchanged, and do not spoil the rest.
struct network_address {
  std::uint32_t time = 0; ///< Unix seconds.
  std::uint64_t services = 0;
  std::uint8_t network_id = 0; ///< 1 IPv4, 2 IPv6, 4 Tor v3, 5 I2P, 6 CJDNS.
  std::vector<std::uint8_t> bytes;
  std::uint16_t port = 0;
  friend bool operator==(const network_address&, const network_address&) = default;
};

struct addrv2 {
  std::vector<network_address> entries;
  friend bool operator==(const addrv2&, const addrv2&) = default;
};

struct sendaddrv2 {
  friend bool operator==(const sendaddrv2&, const sendaddrv2&) = default;
};

struct wtxidrelay {
  friend bool operator==(const wtxidrelay&, const wtxidrelay&) = default;
};

/// The type of an inventory entry (BIPs 37, 144, 152, 339).
enum inventory_type : std::uint32_t {
  inv_tx = 1,
  inv_block = 2,
  inv_filtered_block = 3,
  inv_compact_block = 4,
  inv_wtx = 5,
  inv_witness_flag = 1u << 30,
  inv_witness_tx = inv_tx | inv_witness_flag,
  inv_witness_block = inv_block | inv_witness_flag,
};

struct inventory_entry {
  std::uint32_t type = 0; ///< An `inventory_type`, or a value unknown to us.
  hash256 hash;
  friend bool operator==(const inventory_entry&, const inventory_entry&) = default;

  /// Types with the witness flag are for getdata alone (BIP 144).
  bool is_announcement() const {
    return type == inv_block || type == inv_tx || type == inv_wtx;
  }
  bool is_block() const { return type == inv_block || type == inv_witness_block; }
  bool is_transaction() const {
    return type == inv_tx || type == inv_wtx || type == inv_witness_tx;
  }
};

struct inv {
  std::vector<inventory_entry> entries;
  friend bool operator==(const inv&, const inv&) = default;
};

struct getdata {
  std::vector<inventory_entry> entries;
  friend bool operator==(const getdata&, const getdata&) = default;
};

struct notfound {
  std::vector<inventory_entry> entries;
  friend bool operator==(const notfound&, const notfound&) = default;
};

struct block_header {
  std::int32_t version = 0;
  hash256 previous;
  hash256 merkle_root;
  std::uint32_t time = 0; ///< Unix seconds.
  std::uint32_t bits = 0; ///< The target, in compact form.
  std::uint32_t nonce = 0;
  friend bool operator==(const block_header&, const block_header&) = default;

  hash256 hash() const; ///< Computed at each call.
};

struct getheaders {
  std::uint32_t protocol = 0;
  std::vector<hash256> locator; ///< Newest first, thinning towards genesis.
  hash256 stop;                 ///< Zero: as many as fit.
  friend bool operator==(const getheaders&, const getheaders&) = default;
};

struct headers {
  std::vector<block_header> entries;
  friend bool operator==(const headers&, const headers&) = default;
};

struct getblocks {
  std::uint32_t protocol = 0;
  std::vector<hash256> locator;
  hash256 stop;
  friend bool operator==(const getblocks&, const getblocks&) = default;
};

/// A block, in its bytes as received: at least the 80 bytes of its header, then its
/// transactions.
struct block {
  slice bytes;
  friend bool operator==(const block&, const block&) = default;

  hash256 hash() const; ///< Of the header; computed at each call.
  block_header header() const;
};

/// A transaction, in its bytes as received (with its witnesses, if it has any).
struct tx {
  slice bytes;
  friend bool operator==(const tx&, const tx&) = default;

  hash256 wtxid() const; ///< Of all bytes (BIP 141).
  /// Of the bytes without marker and witnesses. Computed at each call; the wtxid where
  /// the bytes are not a well-formed transaction.
  hash256 txid() const;
};

struct mempool {
  friend bool operator==(const mempool&, const mempool&) = default;
};

struct sendheaders {
  friend bool operator==(const sendheaders&, const sendheaders&) = default;
};

struct sendcmpct {
  bool announce = false;
  std::uint64_t version = 0;
  friend bool operator==(const sendcmpct&, const sendcmpct&) = default;
};

struct feefilter {
  std::uint64_t rate = 0; ///< Satoshi per 1,000 bytes (BIP 133).
  friend bool operator==(const feefilter&, const feefilter&) = default;
};

struct reject {
  std::string message; ///< The rejected command.
  std::uint8_t code = 0;
  std::string reason;
  slice data; ///< For block and tx their hash.
  friend bool operator==(const reject&, const reject&) = default;
};

/// A recognised command whose payload is not parsed: filter*, merkleblock, cmpctblock,
/// getblocktxn, blocktxn, getcf*, cf*.
struct opaque {
  command type = command::unknown;
  slice bytes;
  friend bool operator==(const opaque&, const opaque&) = default;
};

using message =
  std::variant<version, verack, ping, pong, getaddr, addr, addrv2, sendaddrv2, wtxidrelay,
               inv, getdata, notfound, getheaders, headers, getblocks, block, tx, mempool,
               sendheaders, sendcmpct, feefilter, reject, opaque>;

/// The command of a message.
command command_of(const message& x);

// -- serialisation between processes -------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, socket_address& x) {
  return f(caf::meta::type_name("peerage.socket_address"), x.services, x.ip, x.port);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, version& x) {
  return f(caf::meta::type_name("peerage.version"), x.protocol, x.services, x.time,
           x.receiver, x.sender, x.nonce, x.user_agent, x.start_height, x.relay);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, network_address& x) {
  return f(caf::meta::type_name("peerage.network_address"), x.time, x.services,
           x.network_id, x.bytes, x.port);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inventory_entry& x) {
  return f(caf::meta::type_name("peerage.inventory_entry"), x.type, x.hash);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, block_header& x) {
  return f(caf::meta::type_name("peerage.block_header"), x.version, x.previous,
           x.merkle_root, x.time, x.bits, x.nonce);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, block& x) {
  return f(caf::meta::type_name("peerage.block"), x.bytes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tx& x) {
  return f(caf::meta::type_name("peerage.tx"), x.bytes);
}

} // namespace peerage::wire
