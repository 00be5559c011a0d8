// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace peerage::test {

/// A bcoin full node on regtest, as a child process; bcoin/README.md has its commands and
/// events. Everything that is waited for has a deadline, and throws std::runtime_error
/// with the end of bcoin's log when it is missed.
///
/// The environment variable PEERAGE_BCOIN_DIR names the directory in which node.js and
/// its packages are installed; run_bcoin.sh sets it.
class bcoin_node {
public:
  using json = nlohmann::json;
  using milliseconds = std::chrono::milliseconds;

  /// Starts bcoin at a free port of 127.0.0.1 and waits until it listens.
  /// @param options More options for node.js, for example {"--ping-interval", "0.2"}.
  explicit bcoin_node(std::vector<std::string> options = {});

  /// Ends the child, whatever it does.
  ~bcoin_node();

  bcoin_node(const bcoin_node&) = delete;
  bcoin_node& operator=(const bcoin_node&) = delete;

  std::uint16_t port() const { return port_; }

  /// Gives an order and waits for its answer, which must be `ok`.
  json command(json order, milliseconds limit = std::chrono::seconds(10));

  /// The oldest event of that name that fits and has not been returned before; waits for
  /// it if need be. An empty `fits` takes any.
  json wait_event(const std::string& name,
                  const std::function<bool(const json&)>& fits = {},
                  milliseconds limit = std::chrono::seconds(10));

  /// SIGKILL: the process has no chance to say goodbye. Does nothing if it has ended.
  void kill();

  /// After `kill`: starts it again at the same port, with a new and empty chain.
  void start();

private:
  [[noreturn]] void fail(const std::string& what) const;
  void spawn(int child_in, int child_out);
  void read_lines(int from);
  void take_line(const std::string& line);

  std::vector<std::string> options_;
  std::string directory_;
  std::string log_path_; ///< The child's stderr; kept.
  std::uint16_t port_ = 0;

  pid_t pid_ = -1;
  int orders_ = -1; ///< A socket, so that writing to a dead child is no signal.
  int lines_ = -1;
  std::uint64_t last_id_ = 0;
  std::thread reader_; ///< bcoin waits for a reader whose pipe is full.

  std::mutex mutex_; ///< Guards what follows.
  std::condition_variable changed_;
  std::map<std::uint64_t, json> answers_; ///< By the order's id.
  std::deque<json> events_;
  bool ended_ = true; ///< Nothing more will be read.
};

} // namespace peerage::test
