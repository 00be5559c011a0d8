// SPDX-License-Identifier: MIT
#include "address_table_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace peerage;
using namespace peerage::address_table_testing;

TEST_CASE("random operations leave the table as a simple model says") {
  struct known {
    bool pending = false;
    std::uint32_t failures = 0;
    unix_seconds last_attempt = 0;
    unix_seconds last_success = 0;
    std::uint32_t time = 0;
  };
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    random_source random{seed};
    address_table table{secret, random};
    std::mt19937_64 dice{seed};
    std::map<endpoint, known> model;
    auto now = start;
    std::size_t replaced = 0, refused = 0, most_collisions = 0;
    // Two ranges, told by two: four buckets of the new, eight of the tried.
    auto some = [&] {
      return in_range(1, static_cast<std::uint8_t>(dice() % 2), dice() % 800);
    };
    auto some_known = [&] {
      return model.empty()
               ? some()
               : std::next(model.begin(), static_cast<int>(dice() % model.size()))->first;
    };
    // An entry that is gone must have been allowed to go.
    auto drop_the_gone = [&](auto may_go, std::size_t most) {
      std::size_t gone = 0;
      for (auto i = model.begin(); i != model.end();) {
        if (table.contains(i->first)) {
          ++i;
          continue;
        }
        CHECK(may_go(i->second));
        ++gone;
        i = model.erase(i);
      }
      CHECK(gone <= most);
      replaced += gone;
    };
    auto is_pending = [&](const known& x) {
      return x.pending && now - x.last_attempt < address_entry::longest_pending;
    };
    for (int step = 0; step < 4'000; ++step) {
      now += static_cast<unix_seconds>(dice() % 200);
      if (dice() % 400 == 0)
        now += 5 * hour;
      const auto x = dice() % 3 == 0 ? some_known() : some();
      const auto is_known = model.contains(x);
      switch (dice() % 10) {
      case 0:
      case 1:
      case 2: {
        const auto time = now - static_cast<unix_seconds>(dice() % (10 * day));
        const auto result = table.insert(seen(x, time), some(), now);
        CHECK((result == insert_result::known || result == insert_result::updated) ==
              is_known);
        refused += result == insert_result::slot_taken ? 1 : 0;
        if (result == insert_result::added)
          model[x].time = static_cast<std::uint32_t>(time);
        else if (is_known)
          model[x].time = std::max(model[x].time, static_cast<std::uint32_t>(time));
        drop_the_gone(
          [&](const known& y) {
            return !is_pending(y) && (y.failures >= 3 || now - y.time > 30 * day);
          },
          1);
        break;
      }
      case 3:
      case 4: {
        const auto odd = dice() % 2;
        auto filter = [&](const address_entry& y) {
          return y.remote()->ip[15] % 2 == odd;
        };
        const auto picked =
          dice() % 4 ? table.pick(now, filter) : table.pick_feeler(now, filter);
        drop_the_gone([&](const known& y) { return !is_pending(y); }, 10);
        if (!picked)
          break;
        REQUIRE(model.contains(*picked));
        CHECK(picked->ip[15] % 2 == odd);
        CHECK_FALSE(is_pending(model[*picked]));
        model[*picked].pending = true;
        model[*picked].last_attempt = now;
        break;
      }
      case 5: {
        CHECK(table.connected(x, 1, now) == is_known);
        if (is_known)
          model[x] = {false, 0, now, now, model[x].time};
        drop_the_gone([&](const known& y) { return !is_pending(y); }, 10);
        break;
      }
      case 6:
      case 7: {
        CHECK(table.failed(x, now) == is_known);
        if (is_known) {
          auto& y = model[x];
          y = {false, y.failures + 1, now, y.last_success, y.time};
        }
        drop_the_gone([&](const known& y) { return !is_pending(y); }, 10);
        break;
      }
      case 8: {
        CHECK(table.released(x) == is_known);
        if (is_known)
          model[x].pending = false;
        break;
      }
      case 9: {
        if (dice() % 20 == 0) {
          auto filter = [&](const address_entry& y) { return *y.remote() == x; };
          CHECK(table.erase_if(filter) == model.erase(x));
        }
        break;
      }
      }
      REQUIRE(table.size() == model.size());
      if (step % 16 == 0)
        REQUIRE(table.is_consistent());
      most_collisions = std::max(most_collisions, table.collisions());
    }
    std::size_t in_tried = 0;
    for (const auto& entry : table.entries()) {
      const auto found = model.find(*entry.remote());
      REQUIRE(found != model.end());
      const auto& y = found->second;
      CHECK(entry.is_pending(now) == is_pending(y));
      CHECK(entry.failures == y.failures);
      CHECK(entry.last_attempt == y.last_attempt);
      CHECK(entry.last_success == y.last_success);
      CHECK(entry.address.time == y.time);
      in_tried += entry.tried ? 1 : 0;
    }
    CHECK(in_tried > 10);
    // Else the dice were no good.
    CHECK(replaced > 10);
    CHECK(refused > 10);
    CHECK(most_collisions > 1);
    CHECK(table.counts().in_tried == in_tried);
    CHECK(table.counts().total() == model.size());
  }
}
