// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/signalfd.h>

#include <functional>
#include <initializer_list>

namespace peerage {

/// Whether a signal is ignored, as nohup does with SIGHUP. Once blocked it comes all the
/// same, so a program that waits for signals has to leave it out.
bool is_ignored(int signal);

/// Signals as events of an `io_context`, on a descriptor that other waits can watch, too.
/// For programs with one thread.
class signal_source {
public:
  /// Blocks these signals, and calls `on_signal` with each that comes. Signals that were
  /// ignored at the start (as by nohup) stay ignored.
  signal_source(boost::asio::io_context& context, std::initializer_list<int> signals,
                std::function<void(int)> on_signal);
  signal_source(const signal_source&) = delete;
  signal_source& operator=(const signal_source&) = delete;

  /// Readable while a signal waits.
  int descriptor() { return source_.native_handle(); }

private:
  void wait();

  boost::asio::posix::stream_descriptor source_;
  signalfd_siginfo next_{};
  std::function<void(int)> on_signal_;
};

} // namespace peerage
