// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"

#include <caf/message_id.hpp>
#include <caf/response_promise.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>

namespace peerage {

/// The sender of a request -> its receiver: the answer is no longer wanted. The request
/// ends as `cancelled`, if it has not ended yet.
struct cancel_request {
  std::uint64_t response = 0; ///< As of `caf::response_handle::id`.
};

/// An actor whose late answers can be called off.
using cancellable_actor = caf::typed_actor<caf::reacts_to<cancel_request>>;

/// Whether this is the request that `asker` means.
inline bool is_meant(const cancel_request& what, const caf::strong_actor_ptr& asker,
                     const caf::response_promise& x) {
  return x.source() == asker && x.id().response_id().integer_value() == what.response;
}

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::cancel_request)
