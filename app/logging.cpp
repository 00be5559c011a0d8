#include "app/logging.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace peerage {

namespace {

/// One object per line. spdlog's own patterns cannot escape a message.
class json_formatter : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message,
              spdlog::memory_buf_t& out) override {
    auto level = spdlog::level::to_string_view(message.level);
    std::chrono::duration<double> since_epoch = message.time.time_since_epoch();
    nlohmann::ordered_json line{
      {"time", since_epoch.count()},
      {"level", std::string(level.data(), level.size())},
      {"message", std::string(message.payload.data(), message.payload.size())},
    };
    auto text =
      line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    text += '\n';
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }
};

} // namespace

void start_logging(const run_options& options) {
  auto logger = std::make_shared<spdlog::logger>(
    "peerage", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  if (options.logs == log_format::json)
    logger->set_formatter(std::make_unique<json_formatter>());
  else
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
                        spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(options.log_level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

} // namespace peerage
