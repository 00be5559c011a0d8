// Compiles CAF's wrappers of the messages between actors, once for all who send them.
#define PEERAGE_COMPILE_LOCAL_MESSAGES

#include "actors/addresses/crawler.hpp"
#include "actors/addresses/dns_seeds.hpp"
#include "actors/admission/listener.hpp"
#include "actors/base/alarm_clock.hpp"
#include "actors/control.hpp"
#include "actors/dialing/dialer.hpp"
#include "actors/discovery/interfaces.hpp"
#include "actors/interfaces.hpp"
#include "actors/node/node_handles.hpp"
#include "actors/peer/connection.hpp"
#include "actors/peer/heartbeat.hpp"
#include "actors/peer_set/peer_set.hpp"
#include "actors/status/status_actor.hpp"
#include "actors/transport/resolver.hpp"
#include "actors/transport/transport.hpp"
