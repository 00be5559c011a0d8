#include "app/command_line.hpp"
#include "app/run.hpp"
#include "app/standard_streams.hpp"

#include <cstdio>
#include <exception>

namespace {

int run(int argc, char** argv) {
  auto told = peerage::parse_command_line(argc, argv);
  if (auto* exit = std::get_if<peerage::early_exit>(&told)) {
    if (exit->status == 0)
      std::fputs(exit->text.c_str(), stdout);
    else
      std::fprintf(stderr, "%s\n", exit->text.c_str());
    return exit->status;
  }
  if (auto* status = std::get_if<peerage::status_command_options>(&told))
    return peerage::run_status_command(*status);
  return peerage::run_node(std::get<peerage::run_options>(told));
}

} // namespace

int main(int argc, char** argv) {
  peerage::open_standard_streams();
  peerage::ignore_write_signals();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peerage: the system has not enough for a start: %s\n",
                 error.what());
    return 2;
  }
}
