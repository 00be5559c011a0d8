// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

namespace peerage {

/// Opens /dev/null on each of the descriptors 0 to 2 that is closed: files opened later
/// must not get these numbers, or output for people would go into them. Call it before
/// anything else is opened.
void open_standard_streams();

/// Makes writes fail where the system would end the process: for a reader that is gone,
/// or a file that may not grow (RLIMIT_FSIZE).
void ignore_write_signals();

/// Whether that has been done.
bool are_write_signals_ignored();

/// Writes a line to stderr, past all buffers, and gives up when stderr takes nothing for
/// this long: its reader may be what holds us up.
void say_at_last(std::string_view line, std::chrono::milliseconds patience);

} // namespace peerage
