#include "app/command_line.hpp"
#include "app/run.hpp"
#include "app/stop_watch.hpp"

#include <cstdio>

int main(int argc, char** argv) {
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
  peerage::block_stop_signals();
  return peerage::run_node(std::get<peerage::run_options>(told));
}
