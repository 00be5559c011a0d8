#include "messages/requests.hpp"

#include "messages/type_ids.hpp"

#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <array>

namespace peerage {

namespace {

constexpr std::array<std::string_view, 8> names{
  "none",      "not_found", "timeout",       "overloaded",
  "cancelled", "peer_gone", "no_ready_peer", "shutting_down",
};

} // namespace

std::string_view to_string(request_error x) {
  return names[static_cast<std::size_t>(x)];
}

caf::error request_error_for(peer_exit reason) {
  if (reason == peer_exit::client_dropped)
    return caf::make_error(request_error::cancelled);
  if (reason == peer_exit::shutting_down)
    return caf::make_error(request_error::shutting_down);
  return caf::make_error(request_error::peer_gone, reason);
}

request_error outcome_of(const caf::error& failure) {
  if (failure && failure.category() == caf::atom("request") && failure.code() >= 1 &&
      failure.code() < names.size())
    return static_cast<request_error>(failure.code());
  if (failure == caf::sec::request_timeout)
    return request_error::timeout;
  return request_error::peer_gone;
}

peer_exit exit_of_request(const caf::error& failure) {
  if (failure && failure.category() == caf::atom("request") &&
      failure.context().match_elements<caf::error>()) // which CAF makes of a peer_exit
    return exit_of(failure.context().get_as<caf::error>(0));
  return peer_exit::internal_error;
}

} // namespace peerage
