#include "actors/discovery/state_saver.hpp"

#include "actors/log.hpp"

#include <utility>

namespace peerage {

void state_saver::save_changes() {
  if (!request_ || !changed_)
    return;
  if (under_way_) {
    again_ = true;
    return;
  }
  changed_ = false;
  under_way_ = true;
  request_({path_, kind_, version_, body_()});
}

void state_saver::finish(std::function<void()> done) {
  if (done_)
    return;
  if (!request_)
    return done();
  owner_ = keep_owner_();
  done_ = std::move(done);
  save_changes();
  if (!under_way_)
    leave();
}

void state_saver::on_answer(const std::string& problem) {
  under_way_ = false;
  if (problem.empty())
    ++saves_;
  else
    changed_ = true;
  if (problem != last_problem_) {
    if (problem.empty())
      log::info("{} is saved again", path_.string());
    else
      log::warn("{}", problem);
    last_problem_ = problem;
  }
  if (std::exchange(again_, false))
    save_changes();
  if (done_ && !under_way_)
    leave();
}

void state_saver::leave() {
  // What `done` does may destroy this object.
  auto owner = std::move(owner_);
  auto done = std::exchange(done_, nullptr);
  done();
}

} // namespace peerage
