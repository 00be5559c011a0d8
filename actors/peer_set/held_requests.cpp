// SPDX-License-Identifier: MIT
#include "actors/peer_set/held_requests.hpp"

#include <iterator>
#include <utility>
#include <variant>

namespace peerage {

std::size_t carried_bytes(const request& x) {
  auto bytes_of = [](const auto& list) {
    return list.size() * sizeof(typename std::decay_t<decltype(list)>::value_type);
  };
  return std::visit(
    [&]<class Request>(const Request& what) -> std::size_t {
      if constexpr (requires { what.locator; })
        return bytes_of(what.locator);
      else if constexpr (requires { what.hashes; })
        return bytes_of(what.hashes);
      else if constexpr (requires { what.ids; })
        return bytes_of(what.ids);
      else if constexpr (requires { what.body; })
        return what.body.bytes.held();
      else if constexpr (requires { what.entries; })
        return bytes_of(what.entries);
      else
        return 0;
    },
    x);
}

std::optional<std::uint64_t> held_requests::add(request what,
                                                std::shared_ptr<pending_reply> caller,
                                                time_point deadline, request_error why) {
  const auto bytes = carried_bytes(what);
  if (size_ >= max_requests || bytes > max_bytes - bytes_)
    return std::nullopt;
  ++size_;
  bytes_ += bytes;
  auto& line = queue_of(kind_of(what));
  line.why = why;
  line.entries.push_back({++last_, std::move(what), std::move(caller), deadline});
  return last_;
}

void held_requests::drop_first(request_kind kind) {
  auto& entries = queue_of(kind).entries;
  forget(entries.front());
  entries.pop_front();
}

std::deque<held_requests::entry> held_requests::take_all() {
  std::deque<entry> result;
  for (auto& line : queues_)
    std::ranges::move(std::exchange(line.entries, {}), std::back_inserter(result));
  size_ = 0;
  bytes_ = 0;
  return result;
}

void held_requests::forget(const entry& x) {
  --size_;
  bytes_ -= carried_bytes(x.what);
}

} // namespace peerage
