// SPDX-License-Identifier: MIT
#include "actors/status/rpc/rpc_server.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace peerage {

namespace {

/// One call as received, or the mistake that makes it none.
struct rpc_call {
  std::optional<rpc_json> id = nullptr; ///< nullopt: the call had none.
  bool version_2 = false;
  bool is_notification = false;
  std::string method;
  rpc_json params;
  std::optional<rpc_error> mistake;
  std::optional<rpc_error> refusal; ///< For a valid call that cannot be run now.
  answer_budget::lease memory;      ///< For all calls of its request.
};

/// Doubles represent all whole numbers up to this one.
constexpr double largest_exact = 9'007'199'254'740'992.;

/// The memory of a document, roughly.
std::size_t bytes_of(const rpc_json& x) {
  auto result = sizeof x;
  if (x.is_string())
    return result + sizeof(std::string) + x.get_ref<const std::string&>().capacity();
  if (x.is_array())
    for (const auto& value : x)
      result += bytes_of(value);
  else if (x.is_object())
    for (const auto& [key, value] : x.items())
      result += sizeof(std::string) + key.size() + bytes_of(value);
  return result;
}

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

rpc_call read_call(rpc_json&& from) {
  rpc_call result;
  if (!from.is_object()) {
    result.mistake = invalid_request("Invalid Request object");
    return result;
  }
  // The id first, so that even mistakes are answered to the right call.
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
    result.params = std::move(*params);
  }
  return result;
}

/// The text of an answer around its result.
struct envelope {
  std::string begin;
  std::string end;
};

std::string json_field(std::string_view name, const rpc_json& value) {
  return "\"" + std::string(name) + "\":" + write_rpc_json(value);
}

envelope envelope_of(const rpc_call& call) {
  envelope result;
  result.begin = call.version_2 ? "{" + json_field("jsonrpc", "2.0") + "," : "{";
  result.begin += "\"result\":";
  if (!call.version_2)
    result.end += "," + json_field("error", nullptr);
  if (call.id)
    result.end += "," + json_field("id", *call.id);
  result.end += "}";
  return result;
}

std::string render_error(const rpc_call& call, const rpc_error& why) {
  rpc_json result;
  if (call.version_2)
    result["jsonrpc"] = "2.0";
  else
    result["result"] = nullptr;
  result["error"] = {{"code", why.code}, {"message", why.message}};
  if (!why.data.is_null())
    result["error"]["data"] = why.data;
  if (call.id)
    result["id"] = *call.id;
  return write_rpc_json(result);
}

/// For all results but streams; runs on the HTTP thread, as results may be long.
std::string render(const rpc_call& call, const rpc_outcome& outcome) {
  if (const auto* failure = std::get_if<rpc_error>(&outcome))
    return render_error(call, *failure);
  const auto* make = std::get_if<rpc_maker>(&outcome);
  const auto around = envelope_of(call);
  return around.begin + write_rpc_json(make ? (*make)() : std::get<rpc_json>(outcome)) +
         around.end;
}

/// A streamed result that is being sent.
struct open_stream {
  rpc_stream what;
  std::string end;
  answer_budget::lease lease;

  /// Appends the next piece; false after the last.
  bool next(std::string& to) {
    if (what.next(to))
      return true;
    to += end;
    return false;
  }
};

/// Begins to write an outcome: a stream has more to come, all else is complete.
std::optional<open_stream> begin_outcome(const rpc_call& call, rpc_outcome&& outcome,
                                         answer_budget& budget, std::string& to) {
  auto* stream = std::get_if<rpc_stream>(&outcome);
  if (!stream) {
    to += render(call, outcome);
    return std::nullopt;
  }
  auto lease = budget.take(stream->bytes);
  if (!lease) {
    to +=
      render_error(call, {rpc_code::overloaded,
                          "the answer is too large, or too many are on their way: ask "
                          "for less at a time",
                          {}});
    return std::nullopt;
  }
  auto around = envelope_of(call);
  to += around.begin;
  return open_stream{std::move(*stream), std::move(around.end), std::move(lease)};
}

http::status status_of(const rpc_call& call, const rpc_outcome& outcome) {
  const auto* failure = std::get_if<rpc_error>(&outcome);
  // Version 2.0 has no HTTP errors for a call that was understood.
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
  if (call.refusal)
    return done(*call.refusal);
  const auto* method = methods.find(call.method);
  if (!method)
    return done(rpc_error{rpc_code::method_not_found, "Method not found", {}});
  try {
    method->run(self, rpc_arguments{*method, call.params}, done);
  } catch (const rpc_error& why) {
    done(why);
  } catch (const std::exception& why) { // nlohmann's, about types
    done(rpc_error{rpc_code::misc, why.what(), {}});
  }
}

using methods_ptr = std::shared_ptr<const rpc_methods>;
using door_ptr = std::shared_ptr<http_executor>;

/// The answer to one call whose result is long.
class call_body final : public body_source {
public:
  call_body(door_ptr door, std::string begin, open_stream rest)
      : door_(std::move(door)), begin_(std::move(begin)), rest_(std::move(rest)) {}

  void next(taker take) override {
    auto text = std::make_shared<std::string>(std::exchange(begin_, {}));
    if (rest_ && !rest_->next(*text)) {
      rest_.reset();
      *text += "\n";
    }
    door_->post([take = std::move(take), text] { take(std::move(*text)); });
  }

private:
  door_ptr door_;
  std::string begin_;
  std::optional<open_stream> rest_;
};

void serve_one(const methods_ptr& methods, const std::shared_ptr<answer_budget>& budget,
               rpc_call call, const status_actor& status, const reply_slot_ptr& slot) {
  auto shared = std::make_shared<const rpc_call>(std::move(call));
  auto end = [slot, budget, shared](rpc_outcome outcome) {
    auto made = std::make_shared<rpc_outcome>(std::move(outcome));
    slot->answer([shared, budget, made, door = slot->door()]() -> http_reply {
      if (shared->is_notification && !shared->mistake)
        return {http::status::no_content, {}};
      http_reply result;
      result.status = status_of(*shared, *made);
      std::string text;
      if (auto rest = begin_outcome(*shared, std::move(*made), *budget, text))
        result.source =
          std::make_shared<call_body>(door, std::move(text), std::move(*rest));
      else
        result.body = text + "\n";
      return result;
    });
  };
  rpc_done done{std::move(end), slot->client()};
  caf::anon_send(status, status_task{[methods, shared, done](status_pointer self) {
                   run(self, *methods, *shared, done);
                 }});
}

/// The answers to a batch: a call runs when the answers before it are out.
class batch_body final : public body_source,
                         public std::enable_shared_from_this<batch_body> {
public:
  batch_body(methods_ptr methods, std::shared_ptr<answer_budget> budget,
             std::vector<rpc_call> calls, status_actor status, const reply_slot_ptr& slot)
      : methods_(std::move(methods)), budget_(std::move(budget)),
        calls_(std::make_shared<const std::vector<rpc_call>>(std::move(calls))),
        status_(std::move(status)), door_(slot->door()), client_(slot->client()) {}

  void next(taker take) override {
    if (stream_) {
      auto text = std::make_shared<std::string>();
      if (!stream_->next(*text))
        stream_.reset();
      return give(std::move(take), text);
    }
    if (next_ == calls_->size()) {
      auto text = std::make_shared<std::string>();
      if (!std::exchange(ended_, true))
        *text = empty_ ? "[]\n" : "]\n";
      return give(std::move(take), text);
    }
    run_next(std::move(take));
  }

private:
  void give(taker take, const std::shared_ptr<std::string>& text) {
    door_->post([take = std::move(take), text] { take(std::move(*text)); });
  }

  void run_next(taker take) {
    const auto index = next_++;
    auto end = [weak = weak_from_this(), door = door_, index,
                take = std::move(take)](rpc_outcome outcome) {
      auto made = std::make_shared<rpc_outcome>(std::move(outcome));
      door->post([weak, index, take, made] {
        if (auto me = weak.lock())
          me->on_outcome(index, std::move(*made), take);
      });
    };
    rpc_done done{std::move(end), client_};
    caf::anon_send(status_, status_task{[methods = methods_, calls = calls_, index,
                                         done](status_pointer self) {
                     run(self, *methods, (*calls)[index], done);
                   }});
  }

  void on_outcome(std::size_t index, rpc_outcome&& outcome, const taker& take) {
    const auto& call = (*calls_)[index];
    if (call.is_notification)
      return next(take);
    std::string text = std::exchange(empty_, false) ? "[" : ",";
    stream_ = begin_outcome(call, std::move(outcome), *budget_, text);
    take(std::move(text));
  }

  methods_ptr methods_;
  std::shared_ptr<answer_budget> budget_;
  std::shared_ptr<const std::vector<rpc_call>> calls_;
  status_actor status_;
  door_ptr door_;
  cancellation_ptr client_;
  std::size_t next_ = 0;
  std::optional<open_stream> stream_; ///< Of the last call that was run.
  bool empty_ = true;                 ///< Nothing was written yet.
  bool ended_ = false;
};

/// A batch without answers (notifications); runs one call after the other.
struct silent_batch : std::enable_shared_from_this<silent_batch> {
  methods_ptr methods;
  std::vector<rpc_call> calls;
  status_actor status;
  reply_slot_ptr slot;
  std::size_t next = 0;

  void go_on() {
    if (next == calls.size())
      return slot->answer([]() -> http_reply { return {http::status::no_content, {}}; });
    auto end = [me = shared_from_this()](const rpc_outcome&) { me->go_on(); };
    rpc_done done{std::move(end), slot->client()};
    // Each call in a message of its own: other work has its turn in between.
    caf::anon_send(status,
                   status_task{[me = shared_from_this(), done](status_pointer self) {
                     run(self, *me->methods, me->calls[me->next++], done);
                   }});
  }
};

} // namespace

void rpc_server::refuse(const rpc_error& why, const status_actor& status,
                        const reply_slot_ptr& slot) const {
  rpc_call none;
  none.mistake = why;
  serve_one(methods_, budget_, std::move(none), status, slot);
}

void rpc_server::serve(const std::string& body, const status_actor& status,
                       const reply_slot_ptr& slot) const {
  if (body.size() <= long_body)
    return read(body, status, slot);
  auto memory = calls_->take(body.size());
  if (!memory)
    return refuse({rpc_code::overloaded, "too many long calls are under way", {}}, status,
                  slot);
  auto reader = *this;
  reader.long_bodies_ = nullptr; // what waits must not hold the queue that it waits in
  long_bodies_->add(slot->door(), [reader, body, memory, status, slot] {
    reader.read(body, status, slot);
  });
}

void rpc_server::read(const std::string& body, const status_actor& status,
                      const reply_slot_ptr& slot) const {
  rpc_json document;
  std::string problem;
  auto refuse = [&](const rpc_error& why) { this->refuse(why, status, slot); };
  if (!parse_rpc_json(body, document, problem))
    return refuse({rpc_code::parse, "Parse error: " + problem, {}});
  if (!document.is_object() && !document.is_array())
    return refuse({rpc_code::parse, "Top-level object parse error", {}});
  if (document.is_array() && document.size() > max_batch)
    return refuse(
      invalid_request("a batch has at most " + std::to_string(max_batch) + " calls"));
  const bool single = document.is_object();
  const auto bytes = bytes_of(document);
  auto memory = bytes > status_limits::small_call_bytes ? calls_->take(bytes) : nullptr;
  const bool fits = memory || bytes <= status_limits::small_call_bytes;
  std::vector<rpc_call> calls;
  if (single)
    calls.push_back(read_call(std::move(document)));
  else
    for (auto& x : document)
      calls.push_back(read_call(std::move(x)));
  const bool waits = std::ranges::any_of(calls, [&](const rpc_call& x) {
    const auto* method = methods_->find(x.method);
    return method && method->waits;
  });
  if (waits && fits && !slot->wait())
    for (auto& x : calls)
      x.refusal = rpc_error{rpc_code::overloaded, "too many wait already", {}};
  if (!fits)
    for (auto& x : calls) {
      x.refusal =
        rpc_error{rpc_code::overloaded, "too many long calls are under way", {}};
      x.params = nullptr;
    }
  if (!calls.empty())
    calls.front().memory = std::move(memory);
  if (single)
    return serve_one(methods_, budget_, std::move(calls.front()), status, slot);
  if (!calls.empty() && std::ranges::all_of(calls, &rpc_call::is_notification)) {
    auto all = std::make_shared<silent_batch>();
    all->methods = methods_;
    all->calls = std::move(calls);
    all->status = status;
    all->slot = slot;
    return all->go_on();
  }
  auto answers =
    std::make_shared<batch_body>(methods_, budget_, std::move(calls), status, slot);
  slot->answer([answers] {
    http_reply result;
    result.source = answers;
    return result;
  });
}

} // namespace peerage
