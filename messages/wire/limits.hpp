// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Limits of what a remote may make us read or keep, checked before memory is taken
/// (invariant I11).
namespace peerage::wire::limits {

/// Payload bytes once the handshake is done: MAX_PROTOCOL_MESSAGE_LENGTH of the network.
inline constexpr std::uint32_t payload = 4'000'000;

/// Payload bytes before that: the known fields of a version take at most 86 + 256 and
/// some.
inline constexpr std::uint32_t payload_before_handshake = 4'096;

/// Buffer that may stand ready for bytes that were announced but have not arrived.
inline constexpr std::size_t read_ahead = 256 * 1024;

/// Longer payloads before the handshake are cut there, and the rest is skipped. All of
/// them together have at most this many bytes, as many as one of the longest.
inline constexpr std::uint32_t skipped_before_handshake = payload;

inline constexpr std::size_t user_agent = 256;    ///< Bytes; BIP 14 strings.
inline constexpr std::size_t addresses = 1'000;   ///< Entries of an addr or addrv2.
inline constexpr std::size_t address_bytes = 512; ///< One address in addrv2 (BIP 155).
inline constexpr std::size_t inventory = 50'000;  ///< Entries of inv, getdata, notfound.
inline constexpr std::size_t headers = 2'000;     ///< Entries of a headers message.
inline constexpr std::size_t locator = 101;       ///< Hashes of a block locator.
inline constexpr std::size_t reject_message = 12; ///< BIP 61: the rejected command.
inline constexpr std::size_t reject_reason = 111; ///< BIP 61 as nodes implemented it.

/// Our version: wtxidrelay and addrv2 are negotiated from this one on (BIP 339).
inline constexpr std::int32_t protocol_version = 70'016;
/// The oldest version that we accept, as in Bitcoin Core (MIN_PEER_PROTO_VERSION).
inline constexpr std::int32_t lowest_version = 31'800;
/// The one version of compact blocks in use today (BIP 152): with witnesses.
inline constexpr std::uint64_t compact_block_version = 2;
/// Up to this version pings have no nonce and no answer (BIP 31).
inline constexpr std::int32_t last_without_pong = 60'000;
/// From this version on wtxidrelay and sendaddrv2 are sent, and wtxidrelay is heeded (BIP
/// 339). sendaddrv2 is heeded from any version, as BIP 155 requires none.
inline constexpr std::int32_t feature_version = 70'016;

} // namespace peerage::wire::limits
