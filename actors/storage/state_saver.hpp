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

/// Why something was not saved, as an error that people get to see.
caf::error not_saved(const std::string& problem);
/// What was wrong then; empty for any other error.
std::string text_of(const caf::error& why);

/// Keeps one file up to date with the state of the actor that owns this object; see SAVER
/// for who writes it. One save is under way at a time. What fails is tried again with the
/// next save, and is logged when the problem is a new one.
///
/// A change that somebody waits for is kept as a record in the file's journal: `keep`
/// says when it is on the disk, and costs no more when the state is large. After a record
/// that could not be written the state is saved as a whole, before anything more is
/// called kept: what is kept later may build on it.
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
  // The answers find this object by its place.
  state_saver(const state_saver&) = delete;
  state_saver& operator=(const state_saver&) = delete;

  /// From now on something is saved. Call it once.
  /// @param last_record Of the journal, as it was loaded; see loaded_state.
  /// @param body Called in the owner's context, when it is time to write: an object.
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
      // A saver that ends answers with an error what it has not saved.
      self->request(saver, caf::infinite, std::move(what))
        .then([this](const std::string& problem) { on_answer(problem); },
              [this](caf::error&) { on_answer("cannot save: the saver has ended"); });
    };
  }

  /// There is something to save, now or later.
  void mark_changed() { changed_ = true; }

  /// Saves what has changed, behind the save under way if there is one.
  void save_changes();

  /// Called with what went wrong, as a sentence for people; empty: it is on the disk.
  using kept_handler = std::function<void(const std::string& problem)>;

  /// Appends a change to the journal, which the state has already. Calls `done` in the
  /// owner's context; at once if nothing is saved at all.
  void keep(nlohmann::json record, kept_handler done = {});

  /// A promise of the owner's, which is kept when the record is: with `answer`, or with
  /// an error that begins with what is so all the same.
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

  /// Saves what has changed a last time; calls `done` when that has worked or failed
  /// (with what was wrong), and keeps the owner alive until then. Only the first call
  /// counts.
  void finish(kept_handler done);

  /// How often the file was written.
  std::uint64_t saves() const { return saves_; }

private:
  void on_answer(const std::string& problem);
  void keep_with_all(kept_handler&& done);
  bool is_idle() const { return !under_way_ && unkept_ == 0; }
  void on_kept(const std::string& problem, const kept_handler& done);
  void note(const std::string& problem);
  void leave(const std::string& problem);

  std::filesystem::path path_;
  std::string kind_;
  std::uint32_t version_ = 1;
  std::function<nlohmann::json()> body_;
  std::function<void(save_state)> request_; ///< Empty: nothing is saved.
  std::function<void(keep_record, kept_handler)> append_;
  std::uint64_t last_record_ = 0;
  std::size_t records_ = 0; ///< In the journal, more or less.
  std::size_t unkept_ = 0;  ///< Records that wait for the disk.
  /// The journal lacks a record that could not be written: only a whole save has all.
  bool behind_ = false;
  bool catching_up_ = false; ///< The save under way has what the journal lacks.
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
};

} // namespace peerage
