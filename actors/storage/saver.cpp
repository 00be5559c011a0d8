// SPDX-License-Identifier: MIT
#include "actors/storage/saver.hpp"

#include "actors/storage/state_file.hpp"

#include <exception>
#include <utility>

namespace peerage {

namespace {

using saver_pointer = saver_actor::stateful_pointer<saver_state>;

std::string write_state(disk& on, const save_state& x) {
  try {
    return save_state_file(on, x.path, x.kind, x.version, x.body).value_or("");
  } catch (const std::exception& problem) { // such as no memory for the text
    return "cannot save " + x.path.string() + ": " + problem.what();
  }
}

std::string write_group(disk& on, const std::filesystem::path& path,
                        const saver_state::group& x) {
  try {
    return append_to_journal(on, path, x.kind, x.version, x.records).value_or("");
  } catch (const std::exception& problem) {
    return "cannot save " + path.string() + ": " + problem.what();
  }
}

void write_groups(saver_pointer self) {
  for (auto& [path, group] : std::exchange(self->state.groups, {})) {
    const auto problem = write_group(*self->state.on, path, group);
    for (auto& promise : group.waiting)
      promise.deliver(problem);
  }
}

} // namespace

saver_actor::behavior_type saver(saver_pointer self, std::shared_ptr<disk> on) {
  self->state.on = std::move(on);
  self->set_exit_handler([self](caf::exit_msg& x) {
    write_groups(self); // else their senders would wait for ever
    self->quit(std::move(x.reason));
  });
  return {
    [self](const save_state& x) {
      write_groups(self); // earlier records go into the journal first
      return write_state(*self->state.on, x);
    },
    [self](keep_record& x) -> caf::result<std::string> {
      if (self->state.groups.empty())
        self->send(self, write_records{}); // behind all messages that wait already
      auto& group = self->state.groups[x.path];
      group.kind = std::move(x.kind);
      group.version = x.version;
      group.records.push_back({x.number, std::move(x.what)});
      return group.waiting.emplace_back(self->make_response_promise<std::string>());
    },
    [self](write_records) { write_groups(self); },
  };
}

} // namespace peerage
