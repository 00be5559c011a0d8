// SPDX-License-Identifier: MIT
#pragma once

#include "actors/interfaces/storage.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/duration.hpp>
#include <caf/error.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <string>
#include <vector>

namespace peerage {

/// Why a change was not saved, as an error with a text for people.
caf::error not_saved(const std::string& problem);
/// The text of such an error; empty for any other error.
std::string text_of(const caf::error& why);

/// Keeps one file up to date with the state of the actor that owns this object; the SAVER
/// writes it. One save is under way at a time. A failed save is repeated with the next
/// one, and logged when the problem is a new one.
///
/// A change with a waiting caller is kept as a record in the file's journal: `keep` tells
/// when it is on the disk, and costs no more when the state is large. After a record that
/// could not be written, the state is saved as a whole before any later change counts as
/// kept: it may build on that record.
///
/// ```
/// state.file.open(self, saver, directory / "standing.json", "standing", 1, last_record,
///                 [self] { return to_json(self->state); });
/// …
/// state.file.mark_changed();      // and every now and then:
/// state.file.save_changes();
/// …                               // in the exit handler:
/// state.file.finish([self, reason](const std::string& problem) {
///   self->quit(problem.empty() ? reason : not_saved(problem));
/// });
/// ```
class state_saver {
public:
  /// Saves nothing; `finish` is done at once.
  state_saver() = default;
  // The handlers of answers refer to this object.
  state_saver(const state_saver&) = delete;
  state_saver& operator=(const state_saver&) = delete;

  /// Saves from now on. Call it once.
  /// @param last_record Of the journal as loaded; see loaded_state.
  /// @param body Called in the owner's context when it is time to write; returns a JSON
  /// object.
  template <class Self>
  void open(Self* self, saver_actor saver, std::filesystem::path path, std::string kind,
            std::uint32_t version, std::uint64_t last_record,
            std::function<nlohmann::json()> body) {
    path_ = std::move(path);
    kind_ = std::move(kind);
    version_ = version;
    last_record_ = last_record;
    body_ = std::move(body);
    keep_owner_ = [self] { return caf::actor_cast<caf::strong_actor_ptr>(self); };
    append_ = [self, saver, this](keep_record what, const kept_handler& done) {
      self->request(saver, caf::infinite, std::move(what))
        .then([this, done](const std::string& problem) { on_kept(problem, done); },
              [this, done](caf::error&) {
                on_kept("cannot save: the saver has ended", done);
              });
    };
    request_ = [self, saver = std::move(saver), this](save_state what) {
      // A saver that ends answers unsaved requests with an error.
      self->request(saver, caf::infinite, std::move(what))
        .then([this](const std::string& problem) { on_answer(problem); },
              [this](caf::error&) { on_answer("cannot save: the saver has ended"); });
    };
  }

  /// The state has changed, and is to be saved, now or later.
  void mark_changed() { changed_ = true; }

  /// Saves changes, behind the save under way if there is one.
  void save_changes();

  /// Called with an error, as a sentence for people; empty: the change is on the disk.
  using kept_handler = std::function<void(const std::string& problem)>;

  /// Appends a change that the state has already to the journal. Calls `done` in the
  /// owner's context; at once if nothing is saved at all.
  void keep(nlohmann::json record, kept_handler done = {});

  /// Returns a promise of the owner's, answered when the record is kept: with `answer`,
  /// or with an error that begins with `in_force`, which holds all the same.
  template <class Self, class Answer>
  caf::typed_response_promise<Answer>
  answer_when_kept(Self* self, nlohmann::json&& record, Answer answer,
                   std::string in_force, kept_handler also = {}) {
    auto promise = self->template make_response_promise<Answer>();
    keep(std::move(record), [promise, answer, in_force = std::move(in_force),
                             also = std::move(also)](const std::string& problem) mutable {
      if (also)
        also(problem);
      if (problem.empty())
        promise.deliver(answer);
      else
        promise.deliver(not_saved(in_force + ", but not for the next start: " + problem));
    });
    return promise;
  }

  /// Saves changes a last time; calls `done` with the result, and keeps the owner alive
  /// until then. Only the first call counts.
  void finish(kept_handler done);

  /// How often the file was written.
  std::uint64_t saves() const { return saves_; }
  /// Its writes, and those of records.
  save_counts counts() const { return counts_; }

private:
  void on_answer(const std::string& problem);
  void keep_with_all(kept_handler&& done);
  bool is_idle() const { return !under_way_ && unkept_ == 0; }
  void on_kept(const std::string& problem, const kept_handler& done);
  void note(const std::string& problem); ///< Of a write that has ended.
  void leave(const std::string& problem);

  std::filesystem::path path_;
  std::string kind_;
  std::uint32_t version_ = 1;
  std::function<nlohmann::json()> body_;
  std::function<void(save_state)> request_; ///< Empty: nothing is saved.
  std::function<void(keep_record, kept_handler)> append_;
  std::uint64_t last_record_ = 0;
  std::size_t records_ = 0; ///< In the journal, more or less.
  std::size_t unkept_ = 0;  ///< Records not yet on the disk.
  /// The journal lacks a record that could not be written: only a whole save includes it.
  bool behind_ = false;
  bool catching_up_ = false; ///< The save under way includes what the journal lacks.
  std::vector<kept_handler> wait_for_this_; ///< For the save under way.
  std::vector<kept_handler> wait_for_next_; ///< For the one after it.
  std::function<caf::strong_actor_ptr()> keep_owner_;
  caf::strong_actor_ptr owner_; ///< Set by `finish`.
  kept_handler done_;
  bool changed_ = false;
  bool under_way_ = false;
  bool again_ = false; ///< Asked for during the save under way.
  std::string last_problem_;
  std::uint64_t saves_ = 0;
  save_counts counts_;
};

} // namespace peerage
