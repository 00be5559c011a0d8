// SPDX-License-Identifier: MIT
#pragma once

#include "tests/simulation/internet/scenario.hpp"

/// A file for each.
namespace peerage::test::nights {

void steady_day(world& in, const scale& size, report& found);
void churn(world& in, const scale& size, report& found);
void partition_and_heal(world& in, const scale& size, report& found);
void mass_disconnect(world& in, const scale& size, report& found);
void strangers_everywhere(world& in, const scale& size, report& found);
void clock_jumps(world& in, const scale& size, report& found);
void descriptor_famine(world& in, const scale& size, report& found);
void slow_readers(world& in, const scale& size, report& found);
void one_flooder(world& in, const scale& size, report& found);
void eclipse_attempt(world& in, const scale& size, report& found);
void restarts(world& in, const scale& size, report& found);
void stop_in_the_middle(world& in, const scale& size, report& found);

} // namespace peerage::test::nights
