// SPDX-License-Identifier: MIT
#include "actors/base/log.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

using namespace peerage;

namespace {

struct seen_line {
  std::string text;
  std::string kind;
  nlohmann::json members;
};

class collecting_sink : public spdlog::sinks::base_sink<std::mutex> {
public:
  std::vector<seen_line> lines;

private:
  void sink_it_(const spdlog::details::log_msg& x) override {
    lines.push_back(
      {{x.payload.data(), x.payload.size()},
       x.source.filename ? x.source.filename : "",
       nlohmann::json::parse("{" + std::string(x.source.funcname).substr(1) + "}")});
  }
  void flush_() override {}
};

/// Everything goes through spdlog's default logger.
class fixture {
public:
  fixture() {
    auto logger = std::make_shared<spdlog::logger>("test", sink_);
    logger->set_level(spdlog::level::trace);
    spdlog::set_default_logger(logger);
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;
  ~fixture() {
    log::set_level(log::level::trace);
    spdlog::set_default_logger(before_);
  }

  std::vector<seen_line>& lines() { return sink_->lines; }

private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::shared_ptr<collecting_sink> sink_ = std::make_shared<collecting_sink>();
};

} // namespace

static_assert(log::part_of_file("/x/actors/peer_set/router.cpp") == log::part::peer_set);
static_assert(log::part_of_file("actors/status/rpc/rpc.cpp") == log::part::status);
static_assert(log::part_of_file("/actors/old/actors/bans/ban.cpp") == log::part::bans);
static_assert(log::part_of_file("/x/app/run.cpp") == log::part::node);
static_assert(log::part_of_file("actors/base/log.cpp") == log::part::node);

TEST_CASE_FIXTURE(fixture, "fields stand in the text, and on their own") {
  log::info("peer {} of {}: {}", log::field("peer", 7U), "x",
            log::field("reason", "a\"b\\\n\xff"));
  REQUIRE(lines().size() == 1);
  CHECK(lines()[0].text == "peer 7 of x: a\"b\\\n\xff");
  CHECK(lines()[0].kind == "peer {} of {}: {}");
  CHECK(lines()[0].members == nlohmann::json{{"part", "node"},
                                             {"peer", 7},
                                             {"reason", "a\"b\\\n\xef\xbf\xbd"}});
}

TEST_CASE_FIXTURE(fixture,
                  "a kind has its detail; a line that is always written has none") {
  log::write({log::level::info, "full"}, "refused: {}", 1);
  log::write(log::always(log::level::info), "started: {}", 1);
  REQUIRE(lines().size() == 2);
  CHECK(lines()[0].kind == "refused: {}full");
  CHECK(lines()[1].kind.empty());
}

TEST_CASE_FIXTURE(fixture, "each part has a level of its own") {
  log::set_level(log::level::warn);
  CHECK(log::usual_level() == log::level::warn);
  log::info("no");
  log::write(log::part::bans, log::level::info, "no");
  log::set_level(log::part::bans, log::level::debug);
  CHECK(log::level_of(log::part::bans) == log::level::debug);
  CHECK(log::level_of(log::part::node) == log::level::warn);
  CHECK(log::usual_level() == log::level::warn);
  log::info("no");
  log::write(log::part::bans, log::level::trace, "no");
  log::write(log::part::bans, log::level::debug, "yes");
  log::warn("yes");
  log::set_level(log::level::error);
  log::write(log::part::bans, log::level::warn, "no");
  log::critical("yes");
  REQUIRE(lines().size() == 3);
  for (const auto& x : lines())
    CHECK(x.text == "yes");
  CHECK(lines()[0].members["part"] == "bans");
}

TEST_CASE("every part has a name") {
  for (std::size_t i = 0; i < log::part_names.size(); ++i) {
    const auto x = static_cast<log::part>(i);
    CHECK(log::parse_part(to_string(x)) == x);
  }
  CHECK_FALSE(log::parse_part("net"));
}
