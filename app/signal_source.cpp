// SPDX-License-Identifier: MIT
#include "app/signal_source.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>

#include <pthread.h>
#include <signal.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace peerage {

namespace asio = boost::asio;

namespace {

int open_descriptor(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (auto x : signals)
    if (!is_ignored(x)) // a blocked signal would come even if ignored
      sigaddset(&set, x);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  auto result = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (result < 0)
    throw std::system_error(errno, std::generic_category(), "signalfd");
  return result;
}

} // namespace

bool is_ignored(int signal) {
  struct sigaction now {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

signal_source::signal_source(asio::io_context& context,
                             std::initializer_list<int> signals,
                             std::function<void(int)> on_signal)
    : source_(context, open_descriptor(signals)), on_signal_(std::move(on_signal)) {
  wait();
}

void signal_source::wait() {
  asio::async_read(source_, asio::buffer(&next_, sizeof next_),
                   [this](const boost::system::error_code& error, std::size_t) {
                     if (error)
                       return;
                     on_signal_(static_cast<int>(next_.ssi_signo));
                     wait();
                   });
}

} // namespace peerage
