// SPDX-License-Identifier: MIT
#include "messages/checks/mutant.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace peerage {

namespace {

constexpr std::array<std::string_view, mutant_count> mutant_names{
  "heartbeat_holds_client",
  "heartbeat_ends_alone",
  "member_not_monitored",
  "caller_dropped_at_end",
  "first_ping_late",
  "ping_sent_twice",
  "heartbeat_forgets_alarm",
  "request_timeout_ends_peer",
  "total_counted_apart",
  "inbound_count_stays",
  "request_counted_twice",
  "handshake_deadline_missing",
  "handshake_deadline_moves",
  "unwanted_handshake_goes_on",
  "dial_limit_ignored",
  "book_awaited_by_dialer",
  "empty_book_spins",
  "refill_only_on_departure",
  "place_leaked_on_failure",
  "inbound_place_leaked",
  "nonce_forgotten_early",
  "own_nonce_unseen_by_dialer",
  "pong_to_wrong_request",
  "late_block_completes_next",
  "unlinked_headers_taken",
  "unexpected_message_ends_peer",
  "too_many_entries_tolerated",
  "overload_ends_everyone",
  "limit_before_handshake_missing",
  "memory_taken_as_announced",
  "unsent_limit_missing",
  "credit_granted_twice",
  "credit_never_returned",
  "caps_keyed_by_port",
  "ipv4_mapped_kept",
  "caps_missing_at_insert",
  "peer_id_reused",
  "peer_at_stale_index",
  "state_written_in_place",
  "name_not_synced",
  "damaged_file_ignored",
  "backoff_not_saved",
  "alarm_left_behind",
  "reach_unchecked_at_connect",
  "bans_added_before_lifted",
  "timeout_taken_as_not_found",
  "event_gap_hidden",
};

/// Ends the program if there is no such mutant: a run without a defect would look like
/// one that the tests miss.
mutant chosen_by_environment() {
  const char* name = std::getenv("PEERAGE_MUTANT"); // NOLINT(concurrency-mt-unsafe)
  if (name == nullptr || *name == '\0')
    return mutant::none;
  const auto found = std::ranges::find(mutant_names, name);
  if (found != mutant_names.end())
    return static_cast<mutant>(found - mutant_names.begin() + 1);
  std::cerr << "PEERAGE_MUTANT=" << name << ": there is no such mutant, only\n";
  for (auto known : mutant_names)
    std::cerr << "  " << known << '\n';
  std::exit(2);
}

const mutant chosen = chosen_by_environment();

} // namespace

bool is_on(mutant x) noexcept {
  return x == chosen;
}

} // namespace peerage
