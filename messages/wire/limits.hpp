#pragma once

#include <cstddef>
#include <cstdint>

/// What a remote may make us read or keep. Every number is checked before memory is taken
/// for it (invariant I11).
namespace peerage::wire::limits {

/// Payload bytes once the handshake is done: MAX_PROTOCOL_MESSAGE_LENGTH of the network.
inline constexpr std::uint32_t payload = 4'000'000;

/// Payload bytes before that: the fields of a version that we know take at most 86 + 256
/// and some.
inline constexpr std::uint32_t payload_before_handshake = 4'096;

/// Buffer that may stand ready for bytes that were announced but have not arrived.
inline constexpr std::size_t read_ahead = 256 * 1024;

/// Of longer payloads only so much is kept before the handshake; what comes behind it is
/// read past. All of them together have at most this many bytes, which is one of the
/// longest.
inline constexpr std::uint32_t skipped_before_handshake = payload;

inline constexpr std::size_t user_agent = 256;    ///< Bytes; BIP 14 strings.
inline constexpr std::size_t addresses = 1'000;   ///< Entries of an addr or addrv2.
inline constexpr std::size_t address_bytes = 512; ///< One address in addrv2 (BIP 155).
inline constexpr std::size_t inventory = 50'000;  ///< Entries of inv, getdata, notfound.
inline constexpr std::size_t headers = 2'000;     ///< Entries of a headers message.
inline constexpr std::size_t locator = 101;       ///< Hashes of a block locator.
inline constexpr std::size_t reject_message = 12; ///< BIP 61: the rejected command.
inline constexpr std::size_t reject_reason = 111; ///< BIP 61 as nodes implemented it.

/// What we say we speak: wtxidrelay and addrv2 are negotiated from here on (BIP 339).
inline constexpr std::int32_t protocol_version = 70'016;
/// Oldest version we talk to, as the network's nodes do (MIN_PEER_PROTO_VERSION).
inline constexpr std::int32_t lowest_version = 31'800;
/// The one version of compact blocks that nodes of today speak (BIP 152): with witnesses.
inline constexpr std::uint64_t compact_block_version = 2;
/// Up to here pings have no nonce and no answer (BIP 31).
inline constexpr std::int32_t last_without_pong = 60'000;
/// From here on wtxidrelay and sendaddrv2 are sent, and wtxidrelay is heeded (BIP 339).
/// sendaddrv2 is heeded from anybody: BIP 155 ties it to no version.
inline constexpr std::int32_t feature_version = 70'016;

} // namespace peerage::wire::limits
