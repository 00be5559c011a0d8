// SPDX-License-Identifier: MIT
#pragma once

#include "actors/storage/disk.hpp"

#include <memory>

namespace peerage {

/// The disk of the machine, the same for all of the process. Thread-safe, as long as a
/// file is used by one thread at a time.
std::shared_ptr<disk> system_disk();

} // namespace peerage
