// SPDX-License-Identifier: MIT
#pragma once

/// The messages of the Bitcoin protocol as plain structs, and their bytes: no actor, no
/// socket, no clock.
///
/// ```
/// const auto bytes = peerage::wire::encode(magic, peerage::wire::ping{7});
/// ```
#include "messages/wire/codec.hpp"
#include "messages/wire/frame_decoder.hpp"
#include "messages/wire/messages.hpp"
#include "messages/wire/network.hpp"
