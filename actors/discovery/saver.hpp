#pragma once

#include "actors/discovery/interfaces.hpp"

namespace peerage {

/// Writes files for those who must not wait for the disk; see save_state_file. Spawn it
/// detached, so that it blocks a thread of its own, or not, and it is deterministic.
///
/// It writes one file after the other, in the order it is asked. What has not been
/// answered when it ends is not saved: end it after those who save.
saver_actor::behavior_type saver(saver_actor::pointer self);

} // namespace peerage
