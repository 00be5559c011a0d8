// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/log.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

/// systemd's journal, which keeps the values of a line as fields of their own: they can
/// be asked for, as in `journalctl PEERAGE_PEER=7`.
namespace peerage::journal {

/// Whether stderr leads there (`JOURNAL_STREAM`, systemd.exec(5)): then entries may go
/// there directly instead of as text.
bool is_stderr();

/// The fields of a line beside its text, for `entry`: PEERAGE_PART, and PEERAGE_ with the
/// name of each value, in capitals.
std::string fields_of(const log::line& x);

/// An entry as one line, for `write`.
/// @param count The number of lines it stands for; beyond 1, it is PEERAGE_COUNT.
std::string entry(log::level at, std::string_view text, std::string_view fields,
                  std::size_t count);

/// Hands the first of some entries to the journal, like write(2): returns how many bytes
/// of `entries` that was, or -1 with errno. May wait for the journal. Without a journal,
/// entries are lost.
ssize_t write(std::string_view entries);

} // namespace peerage::journal
