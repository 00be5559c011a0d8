// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <string>

namespace peerage::log {

namespace {

/// By part. All lines pass here until somebody sets a level: then spdlog's decides alone.
std::array<std::atomic<level>, part_names.size()> levels{};
std::atomic<level> usual{};

spdlog::level::level_enum spdlog_level(level at) {
  switch (at) {
  case level::trace: return spdlog::level::trace;
  case level::debug: return spdlog::level::debug;
  case level::info: return spdlog::level::info;
  case level::warn: return spdlog::level::warn;
  case level::error: return spdlog::level::err;
  case level::critical: break;
  }
  return spdlog::level::critical;
}

/// `,"part":"peer_set","peer":7`: what stands in a JSON line behind its text.
std::string members_of(part from, const field_pointer* named, std::size_t count) {
  std::string result = ",\"part\":\"";
  result.append(to_string(from)).append("\"");
  for (std::size_t i = 0; i < count; ++i)
    if (const auto* x = named[i]) {
      result.append(",\"").append(x->name).append("\":");
      result += x->is_number
                  ? x->text
                  : nlohmann::json(x->text).dump(
                      -1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  return result;
}

} // namespace

void set_level(part x, level from) {
  levels[static_cast<std::size_t>(x)] = from;
}

void set_level(level from) {
  usual = from;
  for (auto& x : levels)
    x = from;
}

level level_of(part x) {
  return levels[static_cast<std::size_t>(x)];
}

level usual_level() {
  return usual;
}

bool is_on(part from, level at) noexcept {
  return at >= levels[static_cast<std::size_t>(from)].load(std::memory_order_relaxed) &&
         spdlog::default_logger_raw()->should_log(spdlog_level(at));
}

void write_formatted(const kind& what, part from, fmt::string_view text,
                     fmt::format_args values, const field_pointer* named,
                     std::size_t count) noexcept {
  try {
    // What spdlog has for the place of a line in the source is free for what a sink of
    // ours needs: the kind as its file, the members of JSON as its function.
    const auto members = members_of(from, named, count);
    std::string name;
    spdlog::source_loc about;
    about.funcname = members.c_str();
    if (what.merged) {
      name.append(text.data(), text.size()).append(what.detail);
      about.filename = name.c_str();
    }
    spdlog::default_logger_raw()->log(about, spdlog_level(what.at),
                                      fmt::vformat(text, values));
  } catch (...) { // out of memory: the line is lost
  }
}

void flush() {
  spdlog::default_logger_raw()->flush();
}

} // namespace peerage::log
