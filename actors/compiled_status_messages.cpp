// SPDX-License-Identifier: MIT
// Compiles CAF's wrappers of messages between actors, once for all senders.
// Those of the libraries below are compiled there.
#include "actors/node/peer_manager.hpp"

#include "actors/base/compile_local_messages.hpp"

#include "actors/status/documents/historian.hpp"
#include "actors/status/http/status_actor.hpp"
