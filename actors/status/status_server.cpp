// SPDX-License-Identifier: MIT
#include "actors/status/status_server.hpp"

#include "actors/base/log.hpp"
#include "actors/status/documents/fixed_documents.hpp"
#include "actors/status/documents/historian.hpp"
#include "actors/status/documents/mailbox_probes.hpp"
#include "actors/status/documents/monitoring.hpp"
#include "actors/status/documents/read_documents.hpp"
#include "actors/status/events/event_upgrades.hpp"
#include "actors/status/http/http_listener.hpp"
#include "actors/status/http/http_sessions.hpp"
#include "actors/status/http/status_limits.hpp"
#include "actors/status/rpc/rpc_endpoint.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace peerage {

/// Members are destroyed in reverse order: listeners and sessions before their context.
struct status_server::impl {
  boost::asio::io_context context{2}; // the hint: replies are posted by other threads
  http_sessions sessions{context};
  http_sessions metrics_sessions{context}; ///< Routes of their own.
  event_upgrades events{sessions};
  std::vector<std::unique_ptr<http_listener>> listeners;
  std::vector<std::unique_ptr<http_listener>> metrics_listeners;
  status_actor actor;
  mailbox_probes probes;
  historian_actor history;
  std::thread thread;
  std::atomic<bool> stopping = false;
  /// Keeps the context running.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
    context.get_executor()};

  /// The HTTP thread.
  void serve() {
    auto next = std::chrono::steady_clock::now();
    while (!stopping) {
      try {
        context.run_one_until(next);
        if (const auto now = std::chrono::steady_clock::now(); now >= next) {
          next = now + status_limits::tick;
          for (auto* x : {&sessions, &metrics_sessions})
            x->tick();
          for (auto* all : {&listeners, &metrics_listeners})
            for (auto& x : *all)
              x->on_tick();
          probes.on_tick(actor, now);
        }
      } catch (const std::exception& problem) { // of one connection: the others go on
        report(problem);
      }
    }
  }

  static void report(const std::exception& problem) noexcept {
    try {
      log::error("status: {}", problem.what());
    } catch (const std::exception&) {
      // Out of memory: the next tick may find some.
    }
  }

  /// Called after the thread has ended: closes the event streams properly.
  void say_goodbye() {
    constexpr std::chrono::milliseconds patience{200};
    auto deadline = std::chrono::steady_clock::now() + patience;
    context.restart();
    auto all = sessions.streams; // one that ends leaves
    for (const auto& [id, x] : all)
      x->go_away();
    while (events.feed().has_readers() && context.run_one_until(deadline) > 0)
      ;
  }
};

namespace {

bool add_listener(std::vector<std::unique_ptr<http_listener>>& to,
                  std::unique_ptr<http_listener> x) {
  if (!x)
    return false;
  to.push_back(std::move(x));
  return true;
}

std::vector<std::string>
urls_of(const std::vector<std::unique_ptr<http_listener>>& listeners) {
  std::vector<std::string> result;
  result.reserve(listeners.size());
  for (const auto& x : listeners)
    result.push_back(x->url());
  return result;
}

} // namespace

status_server::status_server() : impl_(std::make_unique<impl>()) {}

status_server::~status_server() {
  stop();
}

bool status_server::listen(const status_address& at, const host_rules& hosts,
                           std::string& error) {
  return add_listener(impl_->listeners,
                      open_http_listener(impl_->context, at, hosts, error));
}

bool status_server::listen_for_metrics(const status_address& at, const host_rules& hosts,
                                       std::string& error) {
  return add_listener(impl_->metrics_listeners,
                      open_http_listener(impl_->context, at, hosts, error));
}

bool status_server::adopt(int descriptor, const host_rules& hosts, std::string& error) {
  return add_listener(impl_->listeners,
                      adopt_http_listener(impl_->context, descriptor, hosts, error));
}

bool status_server::adopt_for_metrics(int descriptor, const host_rules& hosts,
                                      std::string& error) {
  return add_listener(impl_->metrics_listeners,
                      adopt_http_listener(impl_->context, descriptor, hosts, error));
}

void status_server::start(caf::actor_system& system, const status_source_actor& source,
                          const status_options& options) {
  auto& parts = *impl_;
  if (parts.listeners.empty() && parts.metrics_listeners.empty())
    return;
  auto methods = std::make_shared<const rpc_methods>(all_rpc_methods());
  parts.actor = system.spawn(status, source, methods);
  parts.history = system.spawn(historian, source);
  add_read_documents(parts.sessions.routes, parts.sessions.door, parts.actor,
                     parts.history);
  for (auto* x : {&parts.sessions, &parts.metrics_sessions})
    add_monitoring_endpoints(x->routes, x->door, parts.actor);
  add_rpc_endpoint(parts.sessions.routes, parts.actor, methods, options.cookie);
  add_fixed_documents(parts.sessions.routes, options.page);
  parts.sessions.cookie = options.cookie;
  parts.events.feed().start(parts.actor);
  parts.sessions.upgrades = &parts.events;
  for (auto& listener : parts.listeners)
    listener->start(parts.sessions);
  for (auto& listener : parts.metrics_listeners)
    listener->start(parts.metrics_sessions);
  parts.thread = std::thread([&parts] { parts.serve(); });
}

std::vector<std::string> status_server::urls() const {
  return urls_of(impl_->listeners);
}

std::vector<std::string> status_server::metrics_urls() const {
  return urls_of(impl_->metrics_listeners);
}

void status_server::stop() {
  auto& parts = *impl_;
  parts.stopping = true;
  parts.context.stop();
  if (parts.thread.joinable())
    parts.thread.join();
  parts.say_goodbye();
  parts.sessions.door->close();
  parts.metrics_sessions.door->close();
  parts.events.feed().stop();
  for (auto* all :
       {&parts.sessions.open, &parts.sessions.streams, &parts.metrics_sessions.open}) {
    const auto here = *all; // one that ends leaves
    for (const auto& [id, x] : here)
      x->end();
  }
  parts.listeners.clear();
  parts.metrics_listeners.clear();
  for (auto* x : {&parts.sessions, &parts.metrics_sessions})
    x->routes = {}; // handlers hold the actor
  if (parts.actor) {
    caf::anon_send_exit(parts.actor, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(parts.history, caf::exit_reason::user_shutdown);
  }
  parts.actor = nullptr;
  parts.history = nullptr;
}

} // namespace peerage
