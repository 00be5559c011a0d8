// SPDX-License-Identifier: MIT
#include "app/node_client.hpp"

#include "actors/status/http/rpc_cookie.hpp"
#include "actors/storage/data_directory.hpp"
#include "app/human_text.hpp"
#include "app/node_http.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace peerage {

namespace {

constexpr unsigned http_unauthorized = 401;

/// A longer file is no cookie.
constexpr std::size_t max_cookie_bytes = 4096;

early_exit end_with(int status, const std::string& why) {
  return {status, "peerage: " + in_one_line(why)};
}

early_exit refusal(const status_address& at, const http_answer& x) {
  return end_with(node_exit::answered_with_error,
                  to_string(at) + " answers " + std::to_string(x.status) + ": " +
                    printable(x.body, max_refusal_length));
}

std::string read_cookie(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    throw end_with(node_exit::refused,
                   "cannot read the cookie " + path.string() + ": " +
                     std::strerror(errno) +
                     " (--data-dir and --network tell where the node keeps it, --cookie "
                     "names another file or USER:PASSWORD)");
  std::string result(max_cookie_bytes, '\0');
  file.read(result.data(), static_cast<std::streamsize>(result.size()));
  result.resize(static_cast<std::size_t>(file.gcount()));
  result.resize(result.find_last_not_of("\r\n") + 1); // npos + 1 is 0
  if (result.find(':') == result.npos)
    throw end_with(node_exit::refused, path.string() + " holds no cookie");
  return result;
}

} // namespace

std::string node_client::get(const std::string& target) const {
  auto found = ask_node(place_.at, {{target}}, answer_limit);
  if (!found.failure.empty())
    throw unreachable(place_.at, found.failure);
  auto& answer = found.answers.front();
  if (answer.status != http_ok)
    throw refusal(place_.at, answer);
  return std::move(answer.body);
}

rpc_json node_client::get_json(const std::string& target) const {
  auto result = rpc_json::parse(get(target), nullptr, false);
  if (result.is_discarded())
    throw not_a_node(place_.at);
  return result;
}

std::filesystem::path node_client::cookie_path() const {
  if (place_.data_dir.empty())
    throw end_with(node_exit::refused,
                   "the cookie is not found: HOME is not set (--data-dir tells where the "
                   "node keeps it, --cookie names it)");
  const auto* network = place_.network;
  if (!network) {
    const auto status = get_json("/status");
    if (!status.is_object() || !status.contains("network") ||
        !status["network"].is_string())
      throw not_a_node(place_.at);
    network = wire::find_network(status["network"].get<std::string>());
    if (!network)
      throw not_a_node(place_.at);
  }
  return folder_of(place_.data_dir, *network) / ".cookie";
}

const std::string& node_client::authorization() {
  if (!authorization_.empty())
    return authorization_;
  std::error_code ignored;
  const auto& named = place_.cookie;
  if (named.find(':') != named.npos && !std::filesystem::exists(named, ignored)) {
    cookie_from_ = "--cookie";
    authorization_ = basic_authorization(named);
  } else {
    const auto path = named.empty() ? cookie_path() : std::filesystem::path(named);
    cookie_from_ = path.string();
    authorization_ = basic_authorization(read_cookie(path));
  }
  return authorization_;
}

rpc_reply node_client::ask(const std::string& method, const rpc_json& parameters,
                           std::chrono::milliseconds limit) {
  const rpc_json question{
    {"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", parameters}};
  // Text that is not UTF-8 is not sent as it is: the node would refuse it.
  auto body = question.dump(-1, ' ', false, rpc_json::error_handler_t::replace);
  auto found = ask_node(place_.at, {{"/", std::move(body), authorization()}}, limit);
  if (!found.failure.empty())
    throw unreachable(place_.at, found.failure);
  auto& answer = found.answers.front();
  if (answer.status == http_unauthorized)
    throw end_with(node_exit::refused, to_string(place_.at) + " refuses the cookie of " +
                                         cookie_from_ +
                                         ": it is another node's, or of an earlier run");
  rpc_reply result;
  auto document = rpc_json::parse(answer.body, nullptr, false);
  if (!document.is_object())
    throw answer.status == http_ok ? not_a_node(place_.at) : refusal(place_.at, answer);
  if (auto error = document.find("error");
      error != document.end() && error->is_object()) {
    result.failed = true;
    result.code = error->value("code", 0);
    result.message = error->value("message", "");
    result.data = error->value("data", rpc_json());
  } else if (auto value = document.find("result"); value != document.end()) {
    result.result = std::move(*value);
  } else {
    throw refusal(place_.at, answer);
  }
  result.text = std::move(answer.body);
  return result;
}

rpc_json node_client::call(const std::string& method, const rpc_json& parameters,
                           std::chrono::milliseconds limit) {
  auto reply = ask(method, parameters, limit);
  if (reply.failed)
    throw exit_for(method, reply);
  return std::move(reply.result);
}

early_exit unreachable(const status_address& at, const std::string& why) {
  return end_with(node_exit::unreachable,
                  why + " (a node serves it with peerage run --status " + to_string(at) +
                    "; --status names another address)");
}

early_exit not_a_node(const status_address& at) {
  return end_with(node_exit::unreachable,
                  to_string(at) + " does not answer as a peerage node does");
}

early_exit exit_for(const std::string& method, const rpc_reply& failure) {
  return {node_exit::answered_with_error, "peerage: " + method + " failed, code " +
                                            std::to_string(failure.code) + ": " +
                                            printable_lines(failure.message)};
}

} // namespace peerage
