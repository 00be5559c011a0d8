// SPDX-License-Identifier: MIT
#pragma once

/// What happens in a node: peers that come and go, and why; dials, bans, addresses.
#include "messages/events.hpp"
#include "messages/lifecycle.hpp"
