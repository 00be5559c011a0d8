// SPDX-License-Identifier: MIT
#pragma once

#include "actors/base/log.hpp"

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// Where the lines of nodes in tests go: by default nowhere.
namespace peerage::test {

/// Keeps all lines, as long as it lives.
class collected_log {
public:
  struct line {
    log::level at;
    log::part from;
    std::string text, kind;
    std::vector<log::field> fields;
  };

  explicit collected_log(log::level from = log::level::trace) {
    log::set_level(from);
    log::set_sink(sink_);
  }
  collected_log(const collected_log&) = delete;
  collected_log& operator=(const collected_log&) = delete;
  ~collected_log() {
    log::set_sink(nullptr);
    log::set_level(before_);
  }

  std::vector<line> lines() const {
    std::lock_guard guard{sink_->mutex};
    return sink_->lines;
  }

  /// All texts, a line each.
  std::string text() const {
    std::string result;
    for (const auto& x : lines())
      result.append(x.text).append("\n");
    return result;
  }

private:
  struct collecting_sink : log::sink {
    void write(const log::line& x) override {
      line kept{x.at, x.from, std::string(x.text), std::string(x.kind), {}};
      for (const auto* value : x.values)
        if (value)
          kept.fields.push_back(*value);
      std::lock_guard guard{mutex};
      lines.push_back(std::move(kept));
    }

    std::mutex mutex;
    std::vector<line> lines;
  };

  log::level before_ = log::usual_level();
  std::shared_ptr<collecting_sink> sink_ = std::make_shared<collecting_sink>();
};

/// To stderr, plainly.
class stderr_log : public log::sink {
public:
  void write(const log::line& x) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(x.text.size()), x.text.data());
  }
};

} // namespace peerage::test
