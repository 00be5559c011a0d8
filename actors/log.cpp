#include "actors/log.hpp"

#include <spdlog/spdlog.h>

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

void write_formatted(level at, fmt::string_view text, fmt::format_args values) {
  auto* logger = spdlog::default_logger_raw();
  if (logger->should_log(level_of(at)))
    logger->log(level_of(at), fmt::vformat(text, values));
}

} // namespace peerage::log
