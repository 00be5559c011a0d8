// SPDX-License-Identifier: MIT
#include "actors/dialing/saved_dials.hpp"

namespace peerage {

namespace {

bool read_endpoint(const nlohmann::json& from, endpoint& out) {
  return from.is_string() && parse_endpoint(from.get<std::string>(), 0, out);
}

} // namespace

nlohmann::json to_json(const saved_dials& x) {
  auto anchors = nlohmann::json::array();
  for (const auto& anchor : x.anchors)
    anchors.push_back(to_string(anchor));
  auto pauses = nlohmann::json::array();
  for (const auto& pause : x.pauses)
    pauses.push_back({{"address", to_string(pause.remote)},
                      {"failures", pause.failures},
                      {"ready_at", pause.ready_at}});
  return {
    {"anchors", std::move(anchors)}, {"pauses", std::move(pauses)}, {"added", x.added}};
}

saved_dials saved_dials_from_json(const nlohmann::json& body) {
  saved_dials result;
  endpoint remote;
  if (!body.is_object())
    return result;
  if (auto anchors = body.find("anchors"); anchors != body.end() && anchors->is_array())
    for (const auto& x : *anchors)
      if (read_endpoint(x, remote) && result.anchors.size() < saved_dials::max_anchors)
        result.anchors.push_back(remote);
  if (auto added = body.find("added"); added != body.end() && added->is_array())
    for (const auto& x : *added)
      if (x.is_string())
        result.added.push_back(x.get<std::string>());
  auto pauses = body.find("pauses");
  if (pauses == body.end() || !pauses->is_array())
    return result;
  for (const auto& x : *pauses)
    if (x.is_object() && read_endpoint(x.value("address", nlohmann::json{}), remote) &&
        x.value("failures", nlohmann::json{}).is_number_unsigned() &&
        x.value("ready_at", nlohmann::json{}).is_number_integer())
      result.pauses.push_back(
        {remote, x["failures"].get<std::uint32_t>(), x["ready_at"].get<unix_seconds>()});
  return result;
}

} // namespace peerage
