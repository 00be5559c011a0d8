// SPDX-License-Identifier: MIT
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace peerage {

/// What Prometheus' own client libraries tell of a process, with the names they have for
/// it (https://prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics").
/// Read from /proc; what cannot be read, as without a free descriptor, is left out.
std::vector<prometheus::MetricFamily> process_metrics();

} // namespace peerage
