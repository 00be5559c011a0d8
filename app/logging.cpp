// SPDX-License-Identifier: MIT
#include "app/logging.hpp"

#include "actors/base/log.hpp"
#include "app/journal.hpp"
#include "app/line_writer.hpp"
#include "app/log_merger.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/details/os.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace peerage {

namespace {

using spdlog::details::log_msg;

spdlog::level::level_enum spdlog_level(log::level at) {
  switch (at) {
  case log::level::trace: return spdlog::level::trace;
  case log::level::debug: return spdlog::level::debug;
  case log::level::info: return spdlog::level::info;
  case log::level::warn: return spdlog::level::warn;
  case log::level::error: return spdlog::level::err;
  case log::level::critical: break;
  }
  return spdlog::level::critical;
}

log::level level_of(spdlog::level::level_enum x) {
  switch (x) {
  case spdlog::level::trace: return log::level::trace;
  case spdlog::level::debug: return log::level::debug;
  case spdlog::level::warn: return log::level::warn;
  case spdlog::level::err: return log::level::error;
  case spdlog::level::critical: return log::level::critical;
  default: return log::level::info;
  }
}

/// `,"part":"peer_set","peer":7`: what stands in a JSON line behind its text.
std::string json_members_of(const log::line& x) {
  std::string result = ",\"part\":\"";
  result.append(to_string(x.from)).append("\"");
  for (const auto* value : x.values)
    if (value) {
      result.append(",\"").append(value->name).append("\":");
      result += value->is_number
                  ? value->text
                  : nlohmann::json(value->text)
                      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
  return result;
}

/// One object per line. spdlog's own patterns cannot escape a message.
/// @param count The number of lines it stands for, if it stands for several.
std::string json_line(const log_msg& message, std::string_view members,
                      std::size_t count) {
  auto level = spdlog::level::to_string_view(message.level);
  std::chrono::duration<double> since_epoch = message.time.time_since_epoch();
  nlohmann::ordered_json line{
    {"time", since_epoch.count()},
    {"level", std::string(level.data(), level.size())},
    {"message", std::string(message.payload.data(), message.payload.size())},
  };
  auto result =
    line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  result.pop_back(); // the brace
  result += members;
  if (count > 1)
    result += ",\"count\":" + std::to_string(count);
  return result + "}\n";
}

std::string_view colour_of(spdlog::level::level_enum level) {
  switch (level) {
  case spdlog::level::trace: return "\x1b[37m";
  case spdlog::level::debug: return "\x1b[36m";
  case spdlog::level::info: return "\x1b[32m";
  case spdlog::level::warn: return "\x1b[33m\x1b[1m";
  case spdlog::level::err: return "\x1b[31m\x1b[1m";
  default: return "\x1b[1m\x1b[41m";
  }
}

} // namespace

/// Lines of text or JSON, with the level in colour on a terminal that has colours.
class line_format {
public:
  /// @param on_stderr Else colours are not wanted.
  line_format(log_format format, bool on_stderr)
      : format_(format), coloured_(format == log_format::text && on_stderr &&
                                   spdlog::details::os::in_terminal(stderr) &&
                                   spdlog::details::os::is_color_terminal()) {}

  /// What a line has beside its text, in this format.
  std::string members_of(const log::line& x) const {
    return format_ == log_format::journal ? journal::fields_of(x) : json_members_of(x);
  }

  /// @param members As `members_of` writes them.
  std::string operator()(const log_msg& message, std::string_view members = {},
                         std::size_t count = 1) {
    if (format_ == log_format::json)
      return json_line(message, members, count);
    if (format_ == log_format::journal)
      return journal::entry(level_of(message.level),
                            {message.payload.data(), message.payload.size()}, members,
                            count);
    spdlog::memory_buf_t buffer;
    pattern_.format(message, buffer);
    std::string result{buffer.data(), buffer.size()};
    if (coloured_) {
      result.insert(message.color_range_end, "\x1b[m");
      result.insert(message.color_range_start, colour_of(message.level));
    }
    return result;
  }

private:
  log_format format_;
  bool coloured_;
  spdlog::pattern_formatter pattern_{"%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
                                     spdlog::pattern_time_type::utc, "\n"};
};

namespace {

std::string gap_line(log_format format, bool on_stderr, std::size_t lines) {
  auto text = std::to_string(lines) + (lines == 1 ? " line" : " lines") +
              " of the log dropped: they could not be written fast enough, or not at all";
  return line_format{format, on_stderr}(log_msg{"", spdlog::level::warn, text});
}

/// Opens a target for lines without ever waiting for its reader; a negative errno if that
/// fails.
int open_log_file(const std::filesystem::path& path) {
  struct stat found {};
  const bool is_pipe = ::stat(path.c_str(), &found) == 0 && S_ISFIFO(found.st_mode);
  // Opened for both, a pipe needs no reader: its lines wait for one.
  const int how = is_pipe ? O_RDWR : O_WRONLY | O_CREAT | O_APPEND;
  const int result = ::open(path.c_str(), how | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
  return result < 0 ? -errno : result;
}

log::level level_named(std::string_view name) {
  return level_of(spdlog::level::from_str(std::string(name)));
}

std::unique_ptr<line_writer> make_writer(log_format format,
                                         std::function<std::string(std::size_t)> gap) {
  return format == log_format::journal
           ? std::make_unique<line_writer>(journal::write, std::move(gap))
           : std::make_unique<line_writer>(STDERR_FILENO, std::move(gap));
}

/// The format if none is asked for.
log_format usual_format(const run_options& options) {
  return options.log_file.empty() && journal::is_stderr() ? log_format::journal
                                                          : log_format::text;
}

} // namespace

class process_log::sink : public log::sink,
                          public std::enable_shared_from_this<process_log::sink> {
public:
  sink(log_format format, bool on_stderr)
      : format_(format, on_stderr),
        lines_(make_writer(format, [format, on_stderr](std::size_t dropped) {
          return gap_line(format, on_stderr, dropped);
        })) {}

  line_writer& lines() { return *lines_; }

  void write(const log::line& x) override {
    const auto level = spdlog_level(x.at);
    std::lock_guard guard{mutex_};
    const auto members = format_.members_of(x);
    const auto now = std::chrono::steady_clock::now();
    write_merged(merger_.due(now));
    const bool is_single = x.kind.empty();
    if (is_single) // merged lines before it come first
      write_merged(merger_.counted_so_far());
    if (is_single || merger_.admit(level, x.kind, x.text, members, now))
      lines_->put(format_(log_msg{"", level, x.text}, members));
    else
      call_when_due();
  }

  bool drain(std::chrono::milliseconds limit) {
    {
      // Its holder may be the very thread that hangs, so an end by force waits only this
      // long.
      std::unique_lock guard{mutex_, limit};
      if (!guard)
        return false;
      write_merged(merger_.counted_so_far());
    }
    return lines_->drain(limit);
  }

  /// Only for an immediate end: the writer writes as soon as it can anyway.
  void flush() override { lines_->drain(std::chrono::milliseconds{100}); }

private:
  void write_due() {
    std::lock_guard guard{mutex_};
    write_merged(merger_.due(std::chrono::steady_clock::now()));
    call_when_due();
  }

  void write_merged(const std::vector<log_merger::merged>& found) {
    for (const auto& x : found) {
      const auto text =
        x.count == 1 ? x.example
                     : x.example + " (one of " + std::to_string(x.count) + " such lines)";
      const auto level = static_cast<spdlog::level::level_enum>(x.level);
      lines_->put(format_(log_msg{"", level, text}, x.members, x.count));
    }
  }

  void call_when_due() {
    if (auto at = merger_.next_due())
      lines_->call_at(*at, [weak = weak_from_this()] {
        if (auto self = weak.lock())
          self->write_due();
      });
  }

  std::timed_mutex
    mutex_; ///< Held while formatting: lines keep the order of their times.
  line_format format_;
  log_merger merger_;
  std::unique_ptr<line_writer> lines_;
};

process_log::process_log(const run_options& options)
    : sink_(std::make_shared<sink>(options.logs.value_or(usual_format(options)),
                                   options.log_file.empty())),
      path_(options.log_file) {
  if (!path_.empty()) {
    const int opened = open_log_file(path_);
    if (opened < 0)
      throw log_file_error("--log-file " + path_.string() + ": " +
                           std::strerror(-opened));
    sink_->lines().continue_in([opened] { return opened; });
  }
  log::set_level(level_named(options.log_level));
  log::set_sink(sink_);
}

process_log::~process_log() {
  log::set_sink(nullptr);
  drain(std::chrono::milliseconds{0});
}

void process_log::reopen() {
  if (path_.empty())
    return;
  sink_->lines().continue_in([path = path_] {
    const int opened = open_log_file(path);
    if (opened < 0)
      log::write(log::always(log::level::warn), "the log goes on in the old file: {}: {}",
                 log::field("file", path.string()), std::strerror(-opened));
    return opened;
  });
}

void process_log::set_level(const std::string& name) {
  log::set_level(level_named(name));
}

bool process_log::drain(std::chrono::milliseconds limit) {
  return sink_->drain(limit);
}

} // namespace peerage
