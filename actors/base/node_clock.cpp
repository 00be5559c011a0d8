// SPDX-License-Identifier: MIT
#include "actors/base/node_clock.hpp"

namespace peerage {

node_clock::node_clock()
    : source_([] {
        return std::chrono::nanoseconds{
          std::chrono::system_clock::now().time_since_epoch()};
      }) {}

unix_seconds node_clock::now() const {
  return std::chrono::floor<std::chrono::seconds>(source_()).count();
}

double node_clock::precise_now() const {
  return std::chrono::duration<double>(source_()).count();
}

double node_clock::expected(time_point deadline, time_point now) const {
  return precise_now() + std::chrono::duration<double>(deadline - now).count();
}

} // namespace peerage
