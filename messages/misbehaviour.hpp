// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace peerage {

enum class peer_exit : std::uint8_t; // messages/lifecycle.hpp
enum class ignored : std::uint8_t;   // messages/lifecycle.hpp

/// What counts against a host, with the points that one report of it adds to the host's
/// score (`weight_of`). At 100 points the host is banned, and half of its points are gone
/// after an hour (actors/bans/reputation.hpp). So 100 means "once is enough", 25 "four
/// times in a row", 1 "only together with many others".
///
/// The weights are ours. Bitcoin Core scored by points up to version 27 (`Misbehaving`, 1
/// to 100) and since then takes what costs 100 here as enough at once; what it merely
/// hangs up on costs 25 or less here. If you add one, add its row in misbehaviour.cpp.
enum class misbehaviour : std::uint8_t {
  invalid_data, ///< 100: a header without the work it states; or the node found that a
                ///<      block, header or transaction is forged.
  too_many_entries, ///< 100: a count over its limit (addr, inv, headers, locator …).
  broken_rule,      ///< 25: ended by rule: wrong magic or announced length over the limit
                    ///<     (but for the very first header, see `peer_failed`),
                    ///<     headers that are no chain, feature message after verack,
                    ///<     service that we do not offer.
  address_flood,    ///< 20: far more addresses than its token bucket lets in.
  service_overload, ///< 10: asked more than the node can serve, until it was ended.
  handshake_timeout, ///< 10: an open socket, but no handshake. A network cause.
  not_reading,       ///< 10: reads nothing until our queue overflows. A network cause.
  ping_timeout,      ///< 5: a ping stayed unanswered. A network cause.
  malformed,         ///< 2: payloads that cannot be read, for each second with such.
  bad_checksum,      ///< 2: payloads damaged on their way or never whole, for each second
                     ///<    with such. A network cause.
};

inline constexpr std::size_t misbehaviour_count = 10;

/// snake_case, as JSON shows it and as saved bans have it.
std::string_view to_string(misbehaviour x);

/// Reads what `to_string` writes; empty for any other text.
std::optional<misbehaviour> parse_misbehaviour(std::string_view text);

/// The points that one report costs.
double weight_of(misbehaviour x);

/// Whether a bad line between two honest nodes causes this, too. Manual peers of
/// --connect and --add-peer are exempt from these causes.
bool is_network_cause(misbehaviour x);

/// The misbehaviour that an end of a connection shows; empty for most of them, as a
/// closed or broken connection is no fault.
std::optional<misbehaviour> misbehaviour_of(peer_exit x);

/// The misbehaviour that an ignored message shows; empty for most of them (I10),
/// unsolicited data included.
std::optional<misbehaviour> misbehaviour_of(ignored x);

} // namespace peerage
