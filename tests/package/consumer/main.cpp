// SPDX-License-Identifier: MIT
// Two nodes in one program: one serves a header, the other one asks for it. With messages
// of its own, whose type ids begin where CAF says that those of programs begin.
#include <peerage/node.hpp>
#include <peerage/peer.hpp>
#include <peerage/wire.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/type_id.hpp>

#include <cstdio>

struct my_message {
  int value = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, my_message& x) {
  return f(caf::meta::type_name("my_message"), x.value);
}

CAF_BEGIN_TYPE_ID_BLOCK(consumer, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(consumer, (my_message))
CAF_END_TYPE_ID_BLOCK(consumer)

using namespace std::chrono_literals;

int main() {
  caf::actor_system_config config;
  config.add_message_types<caf::id_block::consumer>();
  peerage::register_messages(config);
  caf::actor_system system{config};

  peerage::node_options serving;
  serving.listen = {"127.0.0.1:0"};
  serving.identity.services = 1; // NODE_NETWORK: others are not asked for headers
  serving.service.on_headers = [](const peerage::serve_headers& x) {
    peerage::headers result;
    peerage::wire::block_header next; // whatever its work: regtest takes two tries
    next.previous = x.locator.front();
    next.bits = 0x207fffff;
    while (next.hash().bytes[31] > 0x7e)
      ++next.nonce;
    result.entries.push_back(next);
    return result;
  };
  std::string ended = "?";
  serving.on_end = [&ended](const std::string& problem) { ended = problem; };
  peerage::node server{system, serving};

  peerage::node_options asking;
  asking.connect = server.listening();
  std::atomic<int> ready{0};
  asking.on_event = [&ready](const peerage::event& x) {
    ready += x.type == peerage::event_type::peer_ready ? 1 : 0;
  };
  peerage::node client{asking};
  if (!client.wait_for_peers(1, 30s))
    return 1;
  peerage::get_headers question;
  question.locator = {client.network().genesis};
  const auto found = client.request(question, 20s);
  std::printf("%zu headers, %d peers\n", found.value().entries.size(), ready.load());
  client.stop();
  server.stop();
  std::printf("ended: \"%s\"\n", ended.c_str());
  return found->entries.size() == 1 && ended.empty() ? 0 : 1;
}
