// SPDX-License-Identifier: MIT
#include "actors/addresses/address_entry.hpp"

#include "actors/addresses/address_key.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace peerage {

namespace {

constexpr unix_seconds future_tolerance = 10 * one_minute;
constexpr unix_seconds oldest_plausible = 100'000'000; // in 1973

constexpr unix_seconds horizon = 30 * one_day;    // ADDRMAN_HORIZON
constexpr std::uint32_t first_retries = 3;        // ADDRMAN_RETRIES
constexpr std::uint32_t many_failures = 10;       // ADDRMAN_MAX_FAILURES
constexpr unix_seconds failing_for = 7 * one_day; // ADDRMAN_MIN_FAIL
constexpr unix_seconds recent_attempt = 10 * one_minute;

} // namespace

std::string_view to_string(address_state x) {
  static constexpr std::array<std::string_view, 4> names{"never_tried", "pending",
                                                         "responded", "failed"};
  return names[static_cast<std::size_t>(x)];
}

std::optional<endpoint> address_entry::remote() const {
  return to_endpoint(address);
}

address_state address_entry::state(unix_seconds now) const {
  if (given_out && apart(now, last_attempt) < longest_pending)
    return address_state::pending;
  if (failures > 0)
    return address_state::failed;
  return last_success > 0 ? address_state::responded : address_state::never_tried;
}

bool address_entry::is_terrible(unix_seconds now) const {
  if (is_pending(now) || apart(now, last_attempt) <= one_minute)
    return false;
  const unix_seconds last_seen = address.time;
  if (last_seen > now + future_tolerance || now - last_seen > horizon)
    return true;
  if (last_success == 0)
    return failures >= first_retries;
  return failures >= many_failures && now - last_success > failing_for;
}

double address_entry::chance(unix_seconds now) const {
  const double fresh_attempt = apart(now, last_attempt) < recent_attempt ? 0.01 : 1.0;
  return fresh_attempt * std::pow(0.66, std::min(failures, 8u));
}

std::uint32_t plausible_last_seen(unix_seconds claimed, unix_seconds now) {
  if (claimed <= oldest_plausible || claimed > now + future_tolerance)
    claimed = now - 5 * one_day;
  return static_cast<std::uint32_t>(
    std::clamp<unix_seconds>(claimed, 0, std::numeric_limits<std::uint32_t>::max()));
}

} // namespace peerage
