#include "actors/status/rpc_server.hpp"

#include <caf/send.hpp>

#include <cmath>

namespace peerage {

namespace {

/// One call as it came, or why it is none.
struct rpc_call {
  std::optional<rpc_json> id = nullptr; ///< nullopt: the call had none.
  bool version_2 = false;
  bool is_notification = false;
  std::string method;
  rpc_json params;
  std::optional<rpc_error> mistake;
};

/// Whole numbers up to here have a double of their own.
constexpr double largest_exact = 9'007'199'254'740'992.;

rpc_error invalid_request(std::string why) {
  return {rpc_code::invalid_request, std::move(why), {}};
}

std::optional<rpc_error> read_version(const rpc_json& from, rpc_call& to) {
  auto found = from.find("jsonrpc");
  if (found == from.end() || found->is_null())
    return std::nullopt;
  if (!found->is_string())
    return invalid_request("jsonrpc field must be a string");
  const auto version = found->get<std::string>();
  if (version != "1.0" && version != "1.1" && version != "2.0")
    return invalid_request("JSON-RPC version not supported");
  to.version_2 = version == "2.0";
  return std::nullopt;
}

rpc_call read_call(const rpc_json& from) {
  rpc_call result;
  if (!from.is_object()) {
    result.mistake = invalid_request("Invalid Request object");
    return result;
  }
  // First of all, so that even mistakes are answered to the right call.
  auto id = from.find("id");
  if (id == from.end())
    result.id = std::nullopt;
  else if (id->is_structured())
    result.mistake = invalid_request("the id must be a string, a number or null");
  else if (id->is_number_float() && !(std::abs(id->get<double>()) < largest_exact))
    result.mistake =
      invalid_request("the id is a number that would not come back the same");
  else
    result.id = *id;
  if (auto mistake = read_version(from, result))
    result.mistake = mistake;
  result.is_notification = result.version_2 && id == from.end();
  auto method = from.find("method");
  if (result.mistake)
    return result;
  if (method == from.end() || method->is_null())
    result.mistake = invalid_request("Missing method");
  else if (!method->is_string())
    result.mistake = invalid_request("Method must be a string");
  else
    result.method = method->get<std::string>();
  if (auto params = from.find("params"); params != from.end()) {
    if (!params->is_null() && !params->is_structured())
      result.mistake = invalid_request("Params must be an array or object");
    result.params = *params;
  }
  return result;
}

/// Runs on the HTTP thread: results may be long.
rpc_json render(const rpc_call& call, const rpc_outcome& outcome) {
  rpc_json result;
  const auto* failure = std::get_if<rpc_error>(&outcome);
  if (call.version_2)
    result["jsonrpc"] = "2.0";
  if (!failure) {
    const auto* make = std::get_if<rpc_maker>(&outcome);
    result["result"] = make ? (*make)() : std::get<rpc_json>(outcome);
  } else if (!call.version_2) {
    result["result"] = nullptr;
  }
  if (failure) {
    result["error"] = {{"code", failure->code}, {"message", failure->message}};
    if (!failure->data.is_null())
      result["error"]["data"] = failure->data;
  } else if (!call.version_2) {
    result["error"] = nullptr;
  }
  if (call.id)
    result["id"] = *call.id;
  return result;
}

http::status status_of(const rpc_call& call, const rpc_outcome& outcome) {
  const auto* failure = std::get_if<rpc_error>(&outcome);
  // Version 2.0 has no HTTP errors, as soon as it was understood that there is a call.
  if (!failure || (call.version_2 && !call.mistake))
    return http::status::ok;
  switch (failure->code) {
  case rpc_code::invalid_request: return http::status::bad_request;
  case rpc_code::method_not_found: return http::status::not_found;
  default: return http::status::internal_server_error;
  }
}

/// In the STATUS actor. `done` is called once, at once or later.
void run(status_pointer self, const rpc_methods& methods, const rpc_call& call,
         const rpc_done& done) {
  if (call.mistake)
    return done(*call.mistake);
  const auto* method = methods.find(call.method);
  if (!method)
    return done(rpc_error{rpc_code::method_not_found, "Method not found", {}});
  try {
    method->run(self, rpc_arguments{*method, call.params}, done);
  } catch (const rpc_error& why) {
    done(why);
  } catch (const std::exception& why) { // of nlohmann, about types
    done(rpc_error{rpc_code::misc, why.what(), {}});
  }
}

using methods_ptr = std::shared_ptr<const rpc_methods>;

void serve_one(const methods_ptr& methods, rpc_call call, const status_actor& status,
               const reply_slot_ptr& slot) {
  auto shared = std::make_shared<const rpc_call>(std::move(call));
  auto done = [slot, shared](rpc_outcome outcome) {
    slot->answer([shared, outcome = std::move(outcome)]() -> http_reply {
      if (shared->is_notification && !shared->mistake)
        return {http::status::no_content, {}};
      return {status_of(*shared, outcome),
              write_rpc_json(render(*shared, outcome)) + "\n"};
    });
  };
  caf::anon_send(status, status_task{[methods, shared, done](status_pointer self) {
                   run(self, *methods, *shared, done);
                 }});
}

/// Calls under way, one after the other.
struct batch : std::enable_shared_from_this<batch> {
  methods_ptr methods;
  std::vector<rpc_call> calls;
  std::vector<rpc_outcome> outcomes;
  status_actor status;
  reply_slot_ptr slot;

  void go_on() {
    if (outcomes.size() == calls.size())
      return finish();
    // Each in a message of its own: others have their turn in between.
    caf::anon_send(status,
                   status_task{[me = this->shared_from_this()](status_pointer self) {
                     run(self, *me->methods, me->calls[me->outcomes.size()],
                         [me](rpc_outcome outcome) {
                           me->outcomes.push_back(std::move(outcome));
                           me->go_on();
                         });
                   }});
  }

  void finish() {
    slot->answer([me = this->shared_from_this()]() -> http_reply {
      auto all = rpc_json::array();
      for (std::size_t i = 0; i < me->calls.size(); ++i)
        if (!me->calls[i].is_notification)
          all.push_back(render(me->calls[i], me->outcomes[i]));
      if (all.empty() && !me->calls.empty())
        return {http::status::no_content, {}};
      return {http::status::ok, write_rpc_json(all) + "\n"};
    });
  }
};

} // namespace

void rpc_server::serve(const std::string& body, const status_actor& status,
                       const reply_slot_ptr& slot) const {
  rpc_json document;
  std::string problem;
  auto refuse = [&](const rpc_error& why) {
    rpc_call none;
    none.mistake = why;
    serve_one(methods_, std::move(none), status, slot);
  };
  if (!parse_rpc_json(body, document, problem))
    return refuse({rpc_code::parse, "Parse error: " + problem, {}});
  if (document.is_object())
    return serve_one(methods_, read_call(document), status, slot);
  if (!document.is_array())
    return refuse({rpc_code::parse, "Top-level object parse error", {}});
  if (document.size() > max_batch)
    return refuse(
      invalid_request("a batch has at most " + std::to_string(max_batch) + " calls"));
  auto all = std::make_shared<batch>();
  all->methods = methods_;
  all->status = status;
  all->slot = slot;
  for (const auto& x : document)
    all->calls.push_back(read_call(x));
  all->go_on();
}

} // namespace peerage
