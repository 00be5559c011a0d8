// SPDX-License-Identifier: MIT
#include "actors/peer_set/eviction.hpp"

#include "actors/base/keyed_hash.hpp"
#include "messages/subnet.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

namespace peerage {

namespace {

struct ranked_candidate : eviction_candidate {
  std::uint64_t group; ///< Keyed hash of the address group.
};

using candidate_list = std::vector<ranked_candidate>;

std::uint64_t hash_of_group(const endpoint& remote, std::uint64_t key) {
  const auto group = address_group_of(remote);
  return keyed_hash(secret_of(key), group.ip, group.prefix_length);
}

candidate_list rank(const std::vector<eviction_candidate>& candidates,
                    std::uint64_t key) {
  candidate_list result;
  for (const auto& x : candidates)
    if (x.direction == peer_direction::inbound && !x.manual)
      result.push_back({x, hash_of_group(x.remote, key)});
  return result;
}

/// The longer connected first; the id decides between those of one moment.
auto age_order(const ranked_candidate& x) {
  return std::tuple{x.connected_at, x.id};
}

/// Takes the best `count` of those that `may_stay` out of the list.
/// @param merit Makes of a candidate something that is less the better it is.
/// @returns how many were taken out.
template <class Merit, class Predicate>
std::size_t protect(candidate_list& list, std::size_t count, Merit merit,
                    Predicate may_stay) {
  const auto eligible_end = std::partition(list.begin(), list.end(), may_stay);
  const auto eligible = static_cast<std::size_t>(eligible_end - list.begin());
  const auto last = list.begin() + static_cast<std::ptrdiff_t>(std::min(count, eligible));
  std::partial_sort(list.begin(), last, eligible_end,
                    [&](const auto& a, const auto& b) { return merit(a) < merit(b); });
  list.erase(list.begin(), last);
  return std::min(count, eligible);
}

bool anyone(const ranked_candidate&) {
  return true;
}

/// Smaller the later `x` was; largest for never.
auto recency(const std::optional<time_point>& x) {
  return x ? -x->time_since_epoch() : time_point::duration::max();
}

bool relays_blocks_only(const ranked_candidate& x) {
  return x.full_node && !x.relays_transactions;
}

bool is_hidden_or_mesh(const ranked_candidate& x) {
  return x.remote.is_loopback() || x.remote.ip[0] == 0xfc; // CJDNS is fc00::/8
}

void protect_hard_to_fake(candidate_list& list) {
  protect(
    list, 4,
    [](const auto& x) {
      return std::tuple{x.group, age_order(x)};
    },
    anyone);
  protect(
    list, 8,
    [](const auto& x) {
      return std::tuple{x.lowest_ping.value_or(caf::timespan::max()), age_order(x)};
    },
    anyone);
  protect(
    list, 4,
    [](const auto& x) {
      return std::tuple{recency(x.last_transaction), !x.relays_transactions,
                        age_order(x)};
    },
    anyone);
  const auto by_block = [](const auto& x) {
    return std::tuple{recency(x.last_block), !x.full_node, age_order(x)};
  };
  protect(list, 8, by_block, relays_blocks_only);
  protect(list, 4, by_block, anyone);
}

void protect_longest_connected(candidate_list& list) {
  const auto half = list.size() / 2;
  const auto reserved = protect(list, half / 2, age_order, is_hidden_or_mesh);
  protect(list, half - reserved, age_order, anyone);
}

} // namespace

std::optional<peer_id> choose_eviction(const std::vector<eviction_candidate>& candidates,
                                       std::uint64_t key) {
  auto left = rank(candidates, key);
  protect_hard_to_fake(left);
  protect_longest_connected(left);
  if (std::ranges::any_of(left, &ranked_candidate::prefer_evict))
    std::erase_if(left, [](const auto& x) { return !x.prefer_evict; });
  if (left.empty())
    return std::nullopt;
  struct group {
    std::size_t size = 0;
    const ranked_candidate* youngest = nullptr;
  };
  std::map<std::uint64_t, group> groups;
  for (const auto& x : left) {
    auto& own = groups[x.group];
    ++own.size;
    if (!own.youngest || age_order(*own.youngest) < age_order(x))
      own.youngest = &x;
  }
  const auto largest = std::ranges::max_element(groups, {}, [](const auto& entry) {
    return std::tuple{entry.second.size, age_order(*entry.second.youngest)};
  });
  return largest->second.youngest->id;
}

} // namespace peerage
