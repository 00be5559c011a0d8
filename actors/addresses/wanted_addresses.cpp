// SPDX-License-Identifier: MIT
#include "actors/addresses/wanted_addresses.hpp"

#include "messages/wire/addresses.hpp"

#include <algorithm>

namespace peerage::addressing {

namespace {

bool is_banned(self_pointer self, const std::optional<endpoint>& x) {
  return x && self->state.bans.is_banned(*x, self->state.context->wall.now());
}

} // namespace

entry_filter not_banned(self_pointer self) {
  return [self, now = self->state.context->wall.now()](const address_entry& x) {
    const auto remote = x.remote();
    return !remote || !self->state.bans.is_banned(*remote, now);
  };
}

bool is_own(const address_book_state& state, const std::optional<endpoint>& x) {
  return x && std::ranges::find(state.options.own, *x) != state.options.own.end();
}

bool is_out_of_reach(const address_book_state& state, const std::optional<endpoint>& x) {
  const auto reach = state.options.reach;
  return reach != dial_reach::everywhere && !(x && is_within(reach, *x));
}

bool is_unwanted(self_pointer self, const wire::network_address& x) {
  const auto remote = to_endpoint(x);
  return is_out_of_reach(self->state, remote) || is_own(self->state, remote) ||
         is_banned(self, remote);
}

} // namespace peerage::addressing
