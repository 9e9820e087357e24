// An acquire in virtual time against a scripted dialect: the test says what each question gave and
// how long it took.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/acquisition.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace dlock::detail {

/// A dialect of one statement an Op, which gives the verdict that the test scripts.
class ScriptedDialect final : public Dialect {
  public:
    struct Started {
        Op op;
        Situation situation;
    };

    Step start(Op op, const Situation& situation) override {
        static constexpr Purpose purposes[] = {Purpose::try_acquire, Purpose::wait,
                                               Purpose::release, Purpose::verify, Purpose::fence};
        native_error = {};
        started.push_back({op, situation});
        statement_.purpose = purposes[static_cast<int>(op)];
        if (refusal.has_value()) {
            return *refusal;
        }
        return Step{.send = &statement_};
    }
    Step resume(const Reply&) override { return next; }
    const NativeError& native() const noexcept override { return native_error; }
    const FencingSchema& fencing_schema() const noexcept override { return schema_; }
    errc kind_of(const NativeError&) const noexcept override { return errc::database_error; }
    bool fences_in_transaction() const noexcept override { return fences_anywhere; }
    bool waits_in_slices() const noexcept override { return slices; }
    bool may_victimise_both() const noexcept override { return both_victims; }

    std::vector<Started> started;
    Step next{};
    /// Given by start() instead of a statement.
    std::optional<Step> refusal;
    bool slices = true;
    bool both_victims = false;
    bool fences_anywhere = false;
    /// Forgotten when the next Op starts.
    NativeError native_error;

  private:
    Statement statement_;
    FencingSchema schema_{};
};

inline Step verdict(Verdict verdict) {
    return {.verdict = verdict};
}

inline Step failure(errc error, bool in_doubt = false) {
    return {.verdict = Verdict::failed, .error = error, .advice = "advice", .in_doubt = in_doubt};
}

class AcquisitionTest : public testing::Test {
  protected:
    using Kind = Action::Kind;
    using Outcome = Action::Outcome;

    static constexpr TimePoint beginning{std::chrono::hours(1000)};

    /// Begins; the first try is under way then.
    void begin() {
        acquisition_.emplace(dialect, options, request);
        action = acquisition_->start(moment());
    }

    /// The statement under way is answered after `took`.
    void answered(const Step& step, Duration took = {}, bool cancel_was_sent = false) {
        EXPECT_EQ(action.kind, Kind::send);
        now += took;
        dialect.next = step;
        Moment then = moment();
        const Reply reply;
        then.reply = &reply;
        then.cancel_was_sent = cancel_was_sent;
        action = acquisition_->resume(Event::replied, then);
    }
    void answered(Verdict given, Duration took = {}) { answered(verdict(given), took); }

    /// As above; a stop was requested meanwhile, and the server asked to cancel.
    void answered_to_cancel(const Step& step) {
        answered(step, std::chrono::milliseconds(20), true);
    }
    void answered_to_cancel(Verdict given) { answered_to_cancel(verdict(given)); }

    void happens(Event event) { action = acquisition_->resume(event, moment()); }

    /// Sleeps as long as the machine wants to.
    void sleeps() {
        EXPECT_EQ(action.kind, Kind::sleep);
        EXPECT_GE(action.until, now);
        now = std::max(now, action.until);
        happens(Event::woke);
    }

    /// The busy first try and the turn in the local queue.
    void begin_to_wait() {
        begin();
        answered(Verdict::busy);
        EXPECT_EQ(action.kind, Kind::take_turn);
        happens(Event::turn_came);
    }

    [[nodiscard]] testing::AssertionResult asks(Op op) const {
        if (action.kind != Kind::send) {
            return testing::AssertionFailure() << "kind " << static_cast<int>(action.kind)
                                               << ", outcome " << static_cast<int>(action.outcome);
        }
        return dialect.started.back().op == op ? testing::AssertionSuccess()
                                               : testing::AssertionFailure()
                                                     << "op "
                                                     << static_cast<int>(dialect.started.back().op);
    }

    [[nodiscard]] testing::AssertionResult ends(Outcome outcome) const {
        if (action.kind != Kind::done) {
            return testing::AssertionFailure() << "kind " << static_cast<int>(action.kind);
        }
        return action.outcome == outcome && !action.in_doubt
                   ? testing::AssertionSuccess()
                   : testing::AssertionFailure() << "outcome " << static_cast<int>(action.outcome)
                                                 << ", in doubt " << action.in_doubt;
    }

    [[nodiscard]] const Situation& situation() const { return dialect.started.back().situation; }

    [[nodiscard]] Moment moment() const {
        return {.now = now, .identity = 7, .transaction = transaction};
    }

    void deadline_in(Duration duration) { request.deadline = now + duration; }

    ScriptedDialect dialect;
    LockOptions options;
    AcquireRequest request;
    TimePoint now = beginning;
    TransactionState transaction = TransactionState::idle;
    Action action;
    std::optional<Acquisition> acquisition_;
};

}  // namespace dlock::detail
