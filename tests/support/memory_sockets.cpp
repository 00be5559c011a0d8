// SPDX-License-Identifier: MIT
#include "tests/support/memory_sockets.hpp"

#include "actors/transport/weak_send.hpp"

namespace peerage {

std::pair<transport_ptr, memory_remote_ptr>
memory_sockets::open_pair(std::uint32_t magic, const endpoint& remote,
                          const endpoint& local) {
  auto ours = make_memory_transport(magic, remote, local, host());
  auto theirs = std::make_shared<memory_remote>();
  ours.end->other = theirs;
  theirs->other = ours.end;
  return {std::move(ours.connection), std::move(theirs)};
}

memory_acceptor* memory_sockets::acceptor_at(const endpoint& at) const {
  const auto found = acceptors_.find(at);
  return found == acceptors_.end() ? nullptr : found->second.lock().get();
}

memory_remote_ptr memory_sockets::connect_to(const endpoint& at, const endpoint& from) {
  auto* target = acceptor_at(at);
  if (!target)
    return nullptr;
  auto [ours, theirs] = open_pair(target->magic(), from, at);
  target->add(std::move(ours));
  return theirs;
}

void memory_sockets::starve_acceptors(bool starved) {
  *starved_ = starved;
  for (const auto& [at, weak] : acceptors_)
    if (auto target = weak.lock())
      target->hand_over();
}

std::shared_ptr<void> memory_sockets::open_connection(const endpoint& to,
                                                      std::uint32_t magic,
                                                      const caf::strong_actor_ptr& sink) {
  ++dials_started_;
  ++*dials_;
  std::shared_ptr<void> token{nullptr, [dials = dials_](void*) { --*dials; }};
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(sink);
  auto from = ipv4_endpoint(127, 0, 0, 1, next_port_++);
  if (black_holes_.count(to) > 0)
    return token;
  if (auto scripted = scripted_.find(to); scripted != scripted_.end()) {
    auto [ours, theirs] = open_pair(magic, to, from);
    deliver(weak, connected{std::move(ours)});
    scripted->second(std::move(theirs));
    return token;
  }
  auto* target = acceptor_at(to);
  if (!target) {
    deliver(weak, connect_failed{peer_exit::connect_refused});
    return token;
  }
  auto dialing = make_memory_transport(magic, to, from, host());
  auto answering = make_memory_transport(target->magic(), from, to, host());
  dialing.end->other = answering.end;
  answering.end->other = dialing.end;
  deliver(weak, connected{std::move(dialing.connection)});
  target->add(std::move(answering.connection));
  return token;
}

acceptor_ptr memory_sockets::listen(const endpoint& at, std::uint32_t magic,
                                    std::string& error) {
  auto where = at.port == 0 ? at.with_port(next_port_++) : at;
  auto& slot = acceptors_[where];
  if (!slot.expired()) {
    error = "cannot listen on " + to_string(where) + ": Address already in use";
    return nullptr;
  }
  auto result = std::make_shared<memory_acceptor>(
    where, magic, [starved = starved_] { return *starved; });
  slot = result;
  return result;
}

} // namespace peerage
