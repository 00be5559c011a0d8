// SPDX-License-Identifier: MIT
#include "app/page.hpp"

#include "app/page_texts.hpp"

namespace peerage {

std::vector<page_file> page_files() {
  return {
    {"/", page_text("page")},
    {"/page/style.css", page_text("style")},
    {"/page/actions.js", page_text("actions")},
    {"/page/bans.js", page_text("bans")},
    {"/page/charts.js", page_text("charts")},
    {"/page/detail.js", page_text("detail")},
    {"/page/distributions.js", page_text("distributions")},
    {"/page/events.js", page_text("events")},
    {"/page/format.js", page_text("format")},
    {"/page/history.js", page_text("history")},
    {"/page/live.js", page_text("live")},
    {"/page/main.js", page_text("main")},
    {"/page/node.js", page_text("node")},
    {"/page/overview.js", page_text("overview")},
    {"/page/peers.js", page_text("peers")},
  };
}

} // namespace peerage
