// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"

#include <spdlog/spdlog.h>

#include <string>

namespace peerage::log {

namespace {

spdlog::level::level_enum level_of(level at) {
  switch (at) {
  case level::debug: return spdlog::level::debug;
  case level::info: return spdlog::level::info;
  case level::warn: return spdlog::level::warn;
  case level::error: return spdlog::level::err;
  case level::critical: break;
  }
  return spdlog::level::critical;
}

} // namespace

void write_formatted(const kind& what, fmt::string_view text,
                     fmt::format_args values) noexcept {
  auto* logger = spdlog::default_logger_raw();
  const auto at = level_of(what.at);
  if (!logger->should_log(at))
    return;
  try {
    std::string name;
    spdlog::source_loc
      kind_of_line; // where a line comes from: its kind, without a number
    if (what.merged) {
      name.append(text.data(), text.size()).append(what.detail);
      kind_of_line.filename = name.c_str();
    }
    logger->log(kind_of_line, at, fmt::vformat(text, values));
  } catch (...) { // out of memory: the line is lost
  }
}

void flush() {
  spdlog::default_logger_raw()->flush();
}

} // namespace peerage::log
