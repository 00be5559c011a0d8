// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"

#include <atomic>
#include <string>

namespace peerage::log {

namespace {

/// By part.
std::array<std::atomic<level>, part_names.size()> levels{};
std::atomic<level> usual{};

std::atomic<bool> has_sink{false};

/// Never destroyed: threads of libraries may log until the end of the process.
std::atomic<std::shared_ptr<sink>>& current_sink() {
  static auto& result = *new std::atomic<std::shared_ptr<sink>>;
  return result;
}

} // namespace

void set_sink(std::shared_ptr<sink> to) {
  const bool is_one = to != nullptr;
  current_sink() = std::move(to);
  has_sink = is_one;
}

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
  return has_sink.load(std::memory_order_relaxed) &&
         at >= levels[static_cast<std::size_t>(from)].load(std::memory_order_relaxed);
}

void write_formatted(const kind& what, part from, fmt::string_view text,
                     fmt::format_args values, const field_pointer* named,
                     std::size_t count) noexcept {
  try {
    const auto to = current_sink().load();
    if (!to)
      return;
    std::string name;
    if (what.merged)
      name.append(text.data(), text.size()).append(what.detail);
    const auto whole = fmt::vformat(text, values);
    to->write({what.at, from, whole, name, {named, count}});
  } catch (...) { // out of memory: the line is lost
  }
}

void flush() {
  if (const auto to = current_sink().load())
    to->flush();
}

} // namespace peerage::log
