#pragma once

#include <chrono>
#include <string_view>

namespace peerage {

/// Opens /dev/null on each of the descriptors 0 to 2 that is closed: what we open later
/// must not get these numbers, or what we tell people would go into it. Before anything
/// else is opened.
void open_standard_streams();

/// Lets writes fail where the system would rather end the process: a reader that is gone,
/// a file that may not grow (RLIMIT_FSIZE).
void ignore_write_signals();

/// Writes a line to stderr, past all buffers, and gives up when that takes none of it for
/// so long: whoever should read it may be what holds us up.
void say_at_last(std::string_view line, std::chrono::milliseconds patience);

} // namespace peerage
