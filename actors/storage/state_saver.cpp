// SPDX-License-Identifier: MIT
#include "actors/storage/state_saver.hpp"

#include "actors/base/log.hpp"

#include <caf/sec.hpp>

#include <utility>

namespace peerage {

namespace {

/// Records after which a whole save is due before its time: a whole save then costs each
/// of them only a few entries of even the largest list, and a start has little to read.
constexpr std::size_t max_records = 5'000;

} // namespace

caf::error not_saved(const std::string& problem) {
  return caf::make_error(caf::sec::runtime_error, problem);
}

std::string text_of(const caf::error& why) {
  const bool has_text =
    why == caf::sec::runtime_error && why.context().match_elements<std::string>();
  return has_text ? why.context().get_as<std::string>(0) : std::string{};
}

void state_saver::save_changes() {
  if (!request_ || !changed_)
    return;
  if (under_way_) {
    again_ = true;
    return;
  }
  changed_ = false;
  under_way_ = true;
  records_ = 0;
  catching_up_ = std::exchange(behind_, false);
  wait_for_this_ = std::exchange(wait_for_next_, {});
  auto body = body_();
  body["last_record"] = last_record_;
  request_({path_, kind_, version_, std::move(body)});
}

void state_saver::keep(nlohmann::json record, kept_handler done) {
  changed_ = true;
  if (!append_) {
    if (done)
      done("");
    return;
  }
  if (behind_ || catching_up_)
    return keep_with_all(std::move(done));
  ++unkept_;
  append_({path_, kind_, version_, ++last_record_, std::move(record)}, std::move(done));
  if (++records_ >= max_records)
    save_changes();
}

/// Keeps a change by a whole save, as the journal lacks an earlier one. Without a waiting
/// caller, the save comes in its time.
void state_saver::keep_with_all(kept_handler&& done) {
  changed_ = true;
  if (!done)
    return;
  wait_for_next_.push_back(std::move(done));
  save_changes();
}

void state_saver::finish(kept_handler done) {
  if (done_)
    return;
  if (!request_)
    return done("");
  owner_ = keep_owner_();
  done_ = std::move(done);
  save_changes();
  if (is_idle())
    leave("");
}

/// Logs a problem once.
void state_saver::note(const std::string& problem) {
  ++(problem.empty() ? counts_.done : counts_.failed);
  if (problem == last_problem_)
    return;
  if (problem.empty())
    log::write(log::always(log::level::info), "{} is saved again",
               log::field("file", path_.string()));
  else
    log::write(log::always(log::level::warn), "{}", problem);
  last_problem_ = problem;
}

void state_saver::on_kept(const std::string& problem, const kept_handler& done) {
  --unkept_;
  if (problem.empty())
    ++counts_.done; // "saved again" is true after a whole save only
  else {
    changed_ = behind_ = true;
    note(problem);
  }
  if (problem.empty() && (behind_ || catching_up_))
    keep_with_all(kept_handler(done)); // an earlier one was not kept
  else if (done)
    done(problem);
  if (done_ && is_idle())
    leave(problem);
}

void state_saver::on_answer(const std::string& problem) {
  under_way_ = false;
  const bool caught_up = std::exchange(catching_up_, false);
  if (problem.empty()) {
    ++saves_;
  } else {
    changed_ = true;
    behind_ = behind_ || caught_up;
  }
  note(problem);
  for (const auto& done : std::exchange(wait_for_this_, {}))
    done(problem);
  if (std::exchange(again_, false))
    save_changes();
  if (done_ && is_idle())
    leave(problem);
}

void state_saver::leave(const std::string& problem) {
  // `done` may destroy this object.
  auto owner = std::move(owner_);
  auto done = std::exchange(done_, nullptr);
  done(problem);
}

} // namespace peerage
