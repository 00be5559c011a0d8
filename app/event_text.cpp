// SPDX-License-Identifier: MIT
#include "app/event_text.hpp"

#include "app/human_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace peerage {

using nlohmann::ordered_json;

namespace {

/// Types of this length or less leave what comes behind them in one column.
constexpr std::size_t usual_type_width = 18;

std::string text_in(const ordered_json& from, const char* key) {
  auto found = from.find(key);
  if (found == from.end())
    return {};
  if (found->is_string())
    return printable(found->get_ref<const std::string&>());
  return found->is_number_unsigned() ? std::to_string(found->get<std::uint64_t>()) : "";
}

double number_in(const ordered_json& from, const char* key, double otherwise) {
  auto found = from.find(key);
  return found != from.end() && found->is_number() ? found->get<double>() : otherwise;
}

/// "12", "0.5".
std::string points_text(double x) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.4g", x);
  return buffer.data();
}

void append(std::string& to, const std::string& text, const char* before) {
  if (text.empty())
    return;
  if (!to.empty())
    to += before;
  to += text;
}

std::string subject_text(const ordered_json& x) {
  std::string result;
  if (auto peer = text_in(x, "peer"); !peer.empty())
    result = "peer " + peer;
  append(result, text_in(x, "address"), " ");
  append(result, text_in(x, "range"), " ");
  const auto direction = text_in(x, "direction");
  append(result, direction.substr(0, direction.find("bound")), " "); // "in", "out"
  return result;
}

/// "score 20 -> 30".
std::string score_text(const ordered_json& x) {
  const auto before = number_in(x, "score_before", -1);
  const auto after = number_in(x, "score_after", -1);
  if (after < 0)
    return {};
  return "score " + (before < 0 ? "" : points_text(before) + " -> ") + points_text(after);
}

std::string details_text(const ordered_json& x) {
  std::string result = text_in(x, "reason");
  if (auto cause = text_in(x, "started_by"); !cause.empty() && !result.empty())
    result += " by " + cause;
  append(result, text_in(x, "evidence"), ", ");
  append(result, text_in(x, "user_agent"), ", ");
  append(result, score_text(x), ", ");
  if (const auto deadline = number_in(x, "deadline", 0); deadline > 0)
    append(result, "until " + time_text(deadline), ", ");
  append(result, text_in(x, "hash"), ", ");
  if (auto count = text_in(x, "count"); !count.empty())
    append(result, count + " times", ", ");
  return result;
}

std::string gap_line(const ordered_json& x) {
  if (x.contains("reset"))
    return "-- the node has started anew: these are all its events --";
  return "-- events " + text_in(x, "from") + " to " + text_in(x, "to") +
         " are no longer kept --";
}

} // namespace

std::string event_line(const ordered_json& event) {
  if (!event.is_object())
    return {};
  auto type = text_in(event, "type");
  if (type == "gap")
    return gap_line(event);
  auto result = time_text(number_in(event, "time", 0)) + "  ";
  type.resize(std::max(type.size(), usual_type_width), ' ');
  result += type + "  ";
  const auto subject = subject_text(event);
  const auto details = details_text(event);
  result += subject;
  if (!details.empty())
    result += subject.empty() ? details : ": " + details;
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

} // namespace peerage
