// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

/// Mutants: deliberate defects, of which a test build can switch on one. A suite of tests
/// that passes with one of them proves nothing about that mistake; scripts/mutants.sh
/// asks them all. tests/README.md says how to add one.
namespace peerage {

/// A defect each; the name says what is wrong. In front, the invariant of
/// actors/README.md that it breaks.
enum class mutant : std::uint8_t {
  none,
  heartbeat_holds_client,         ///< I1: a handle to the client that nobody drops.
  heartbeat_ends_alone,           ///< I2: without a reason, which spares the group.
  member_not_monitored,           ///< I2: the set never learns that its peer has ended.
  caller_dropped_at_end,          ///< I3: the peer ends, its callers hear nothing.
  first_ping_late,                ///< I4: after an interval, instead of at once.
  ping_sent_twice,                ///< I4: each time.
  heartbeat_forgets_alarm,        ///< I4: no ping but the first.
  request_timeout_ends_peer,      ///< I4: which only a ping's timeout may.
  total_counted_apart,            ///< I5: at another moment than ready and unready.
  inbound_count_stays,            ///< I5: when an inbound peer leaves.
  request_counted_twice,          ///< I5: one that went to one peer.
  handshake_deadline_missing,     ///< I6: it waits as long as its caller does.
  handshake_deadline_moves,       ///< I6: with everything that the remote sends.
  unwanted_handshake_goes_on,     ///< I6: the dial is given up, its socket stays.
  dial_limit_ignored,             ///< I7: more dials in flight than allowed.
  book_awaited_by_dialer,         ///< I7: nothing else is done until it answers.
  empty_book_spins,               ///< I7: it is asked again at once.
  refill_only_on_departure,       ///< I7: no timer asks again for what is missing.
  place_leaked_on_failure,        ///< I7: a failed dial keeps its place.
  inbound_place_leaked,           ///< I16: a failed handshake keeps its place.
  nonce_forgotten_early,          ///< I8: while its handshake may still go on.
  own_nonce_unseen_by_dialer,     ///< I8: only the accepting side knows itself.
  pong_to_wrong_request,          ///< I9: to the oldest, whatever its nonce.
  late_block_completes_next,      ///< I9: any block answers the request under way.
  unlinked_headers_taken,         ///< I9: any headers answer the request under way.
  unexpected_message_ends_peer,   ///< I10: an unknown command is more than counted.
  too_many_entries_tolerated,     ///< I10: a broken limit is only counted.
  overload_ends_everyone,         ///< I10: each peer that meets one, at once.
  limit_before_handshake_missing, ///< I11: a stranger may send as much as a peer.
  memory_taken_as_announced,      ///< I11: before the bytes are there.
  unsent_limit_missing,           ///< I12: a peer that reads nothing costs all memory.
  credit_granted_twice,           ///< I12: reading gets ahead of the work.
  credit_never_returned,          ///< I12: reading stops for good.
  caps_keyed_by_port,             ///< I13: one host has a place for each port.
  ipv4_mapped_kept,               ///< I13: one IPv4 host has two addresses.
  caps_missing_at_insert,         ///< I13: the set takes what accept and dial let in.
  peer_id_reused,                 ///< I14: what is late meets another peer.
  peer_at_stale_index,            ///< I14: the place of another one that has left.
  state_written_in_place,         ///< I15: cut short, nothing is left.
  name_not_synced,                ///< I15: a power failure takes back an answered save.
  damaged_file_ignored,           ///< I15: neither set aside nor reported.
  backoff_not_saved,              ///< I15: a restart dials at once what has failed.
  alarm_left_behind,              ///< I16: by each handshake.
  reach_unchecked_at_connect,     ///< I17: whatever is named is dialed.
  bans_added_before_lifted,       ///< A copy lacks what was lifted and banned at once.
  timeout_taken_as_not_found,     ///< A silent peer is thought to lack the item.
  event_gap_hidden,               ///< A reader that missed events is not told so.
};

inline constexpr std::size_t mutant_count =
  static_cast<std::size_t>(mutant::event_gap_hidden);

#ifdef PEERAGE_MUTANTS
/// True of the one that the environment variable PEERAGE_MUTANT names. A name that is
/// none ends the program at its start, with the list.
bool is_on(mutant x) noexcept;
#else
/// Never: nothing of a mutant is left in what is shipped.
consteval bool is_on(mutant) noexcept {
  return false;
}
#endif

} // namespace peerage
