// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/local_message.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace peerage {

/// Owners of state -> SAVER: write this file; see save_state_file. Answers when the file
/// is on the disk: empty, or what went wrong, as a sentence for people.
struct save_state {
  std::filesystem::path path;
  std::string kind;
  std::uint32_t version = 1;
  nlohmann::json body;
};

/// Owners of state -> SAVER: append to the journal of the file `path`; see
/// append_to_journal. Answers like `save_state`.
struct keep_record {
  std::filesystem::path path;
  std::string kind;
  std::uint32_t version = 1;
  std::uint64_t number = 0;
  nlohmann::json what;
};

/// SAVER -> itself: write the records that have come since.
struct write_records {};

/// Writes files for actors that must not wait for the disk.
using saver_actor = caf::typed_actor<caf::replies_to<save_state>::with<std::string>,
                                     caf::replies_to<keep_record>::with<std::string>,
                                     // INTERNAL.
                                     caf::reacts_to<write_records>>;

/// Writes of one file since the start, whole or of a record.
struct save_counts {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
};

/// How often changed state is saved, by default.
inline constexpr std::chrono::seconds save_interval{60};

} // namespace peerage

PEERAGE_LOCAL_MESSAGE(peerage::save_state)
PEERAGE_LOCAL_MESSAGE(peerage::keep_record)
PEERAGE_LOCAL_MESSAGE(peerage::write_records)
