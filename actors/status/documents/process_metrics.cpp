// SPDX-License-Identifier: MIT
#include "actors/status/documents/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace peerage {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type, double value) {
  prometheus::ClientMetric only;
  if (type == MetricType::Counter)
    only.counter.value = value;
  else
    only.gauge.value = value;
  return {std::move(name), std::move(help), type, {std::move(only)}};
}

/// The fields of /proc/self/stat that are used here; see proc(5).
struct process_times {
  double cpu_seconds = 0;
  double start = 0; ///< Seconds from the boot of the system.
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

bool read(process_times& to) {
  std::ifstream file{"/proc/self/stat"};
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')'); // the name may hold anything
  if (name_end == std::string::npos)
    return false;
  constexpr std::size_t first = 3; // the field behind the name
  constexpr std::size_t last = 24;
  std::array<std::string, last + 1> fields;
  std::istringstream rest{text.substr(name_end + 1)};
  for (std::size_t i = first; i <= last; ++i)
    if (!(rest >> fields[i]))
      return false;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  to.cpu_seconds = (std::stod(fields[14]) + std::stod(fields[15])) / ticks;
  to.start = std::stod(fields[22]) / ticks;
  to.virtual_bytes = std::stod(fields[23]);
  to.resident_bytes =
    std::stod(fields[24]) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return true;
}

/// In Unix seconds; 0 if it cannot be read.
double boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string word; file >> word;)
    if (double result = 0; word == "btime" && file >> result)
      return result;
  return 0;
}

void add_times(std::vector<MetricFamily>& to) {
  process_times found;
  if (!read(found))
    return;
  to.push_back(family("process_cpu_seconds_total",
                      "Processor time that the process has used.", MetricType::Counter,
                      found.cpu_seconds));
  to.push_back(family("process_virtual_memory_bytes", "Address space in use.",
                      MetricType::Gauge, found.virtual_bytes));
  to.push_back(family("process_resident_memory_bytes", "Memory in use.",
                      MetricType::Gauge, found.resident_bytes));
  if (const auto boot = boot_time(); boot > 0)
    to.push_back(family("process_start_time_seconds",
                        "When the process started, in Unix time.", MetricType::Gauge,
                        boot + found.start));
}

void add_descriptors(std::vector<MetricFamily>& to) {
  std::error_code failure;
  std::filesystem::directory_iterator next{"/proc/self/fd", failure};
  std::uint64_t open = 0;
  for (; !failure && next != std::filesystem::directory_iterator{};
       next.increment(failure))
    ++open;
  if (!failure)
    to.push_back(family("process_open_fds", "File descriptors in use.", MetricType::Gauge,
                        static_cast<double>(open - 1))); // without the one used here
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    to.push_back(family("process_max_fds", "File descriptors that the system grants.",
                        MetricType::Gauge, static_cast<double>(limit.rlim_cur)));
}

} // namespace

std::vector<MetricFamily> process_metrics() {
  std::vector<MetricFamily> result;
  add_times(result);
  add_descriptors(result);
  return result;
}

} // namespace peerage
