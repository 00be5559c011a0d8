// SPDX-License-Identifier: MIT
#include "actors/addresses/getaddr_cache.hpp"

namespace peerage {

std::vector<wire::network_address>
getaddr_cache::answer(time_point now, const place& asker, const sampler& make) {
  auto found = samples_.find(asker);
  if (found != samples_.end() && now < found->second.expires)
    return found->second.entries;
  std::erase_if(samples_, [now](const auto& x) { return x.second.expires <= now; });
  if (samples_.size() >= max_places)
    return {};
  auto entries = make(max_count, max_percent);
  if (entries.size() > max_count)
    entries.resize(max_count);
  if (entries.empty())
    return {};
  constexpr std::chrono::nanoseconds spread = longest_life - shortest_life;
  auto extra = random_.below(static_cast<std::uint64_t>(spread.count()));
  auto life = shortest_life + std::chrono::nanoseconds{static_cast<std::int64_t>(extra)};
  samples_[asker] = {entries, now + life};
  return entries;
}

} // namespace peerage
