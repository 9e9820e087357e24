// An acquire that draws a fencing token: with one it is acquired, without one it holds nothing.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_run.hpp"

#include <algorithm>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

constexpr Step fenced(std::int64_t token) {
    return {.verdict = Verdict::fenced, .token = token};
}

class AcquisitionFencingTest : public AcquisitionTest {
  protected:
    void SetUp() override { request.fencing = true; }

    /// The first try is granted; the first draw is under way then.
    void begin_to_fence() {
        begin();
        answered(Verdict::granted);
        ASSERT_TRUE(asks(Op::fence));
    }

    [[nodiscard]] testing::AssertionResult fails(errc error) const {
        return action.kind == Kind::done && action.outcome == Outcome::failed &&
                       action.error == error && !action.in_doubt
                   ? testing::AssertionSuccess()
                   : testing::AssertionFailure()
                         << "kind " << static_cast<int>(action.kind) << ", outcome "
                         << static_cast<int>(action.outcome) << ", error "
                         << make_error_code(action.error).message() << ", in doubt "
                         << action.in_doubt;
    }

    [[nodiscard]] std::size_t count_of(Op op) const {
        return static_cast<std::size_t>(
            std::count_if(dialect.started.begin(), dialect.started.end(),
                          [op](const auto& started) { return started.op == op; }));
    }
};

TEST_F(AcquisitionFencingTest, a_grant_is_followed_by_a_draw) {
    request.mode = Mode::shared;
    begin_to_fence();
    EXPECT_EQ(situation().identity, 7U);
    EXPECT_EQ(situation().mode, Mode::shared);
    answered(fenced(42));
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_EQ(action.token, 42);
    EXPECT_EQ(dialect.started.size(), 2U);
}

TEST_F(AcquisitionFencingTest, a_grant_after_a_wait_is_followed_by_a_draw) {
    begin_to_wait();
    answered(Verdict::granted, 3s);
    ASSERT_TRUE(asks(Op::fence));
    answered(fenced(43));
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_EQ(action.token, 43);
}

TEST_F(AcquisitionFencingTest, without_the_option_nothing_is_drawn) {
    request.fencing = false;
    begin();
    answered(Verdict::granted);
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_FALSE(action.token.has_value());
}

TEST_F(AcquisitionFencingTest, a_refusal_draws_nothing) {
    request.no_wait = true;
    begin();
    answered(Verdict::busy);
    EXPECT_TRUE(ends(Outcome::timed_out));
    EXPECT_EQ(count_of(Op::fence), 0U);
}

// ---- Transactions. ----

TEST_F(AcquisitionFencingTest, in_an_open_transaction_nothing_is_sent) {
    transaction = TransactionState::active;
    begin();
    EXPECT_TRUE(fails(errc::transaction_open));
    EXPECT_TRUE(dialect.started.empty());
}

TEST_F(AcquisitionFencingTest, an_open_transaction_that_only_the_server_knows_of_ends_it_too) {
    transaction = TransactionState::unknown;
    begin();
    answered({.verdict = Verdict::granted, .transaction = TransactionState::active});
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(fails(errc::transaction_open));
    EXPECT_EQ(count_of(Op::fence), 0U);

    dialect.started.clear();
    begin();
    answered({.verdict = Verdict::busy, .transaction = TransactionState::active});
    EXPECT_TRUE(fails(errc::transaction_open)) << "not after a wait";
}

TEST_F(AcquisitionFencingTest, a_transaction_does_not_matter_to_a_dialect_that_draws_in_its_own) {
    dialect.fences_anywhere = true;
    transaction = TransactionState::active;
    begin_to_fence();
    answered(fenced(1));
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionFencingTest, what_the_server_told_of_the_transaction_is_passed_on) {
    transaction = TransactionState::unknown;
    begin();
    answered({.verdict = Verdict::granted, .transaction = TransactionState::idle});
    ASSERT_TRUE(asks(Op::fence));
    EXPECT_EQ(situation().transaction, TransactionState::idle);
}

// ---- Draws that fail for a moment. ----

TEST_F(AcquisitionFencingTest, a_draw_that_fails_is_made_again_after_a_pause) {
    begin_to_fence();
    for (int i = 0; i < 20; ++i) {
        answered(Verdict::busy);
        ASSERT_EQ(action.kind, Kind::sleep);
        EXPECT_LE(action.until, now + Acquisition::fence_pause);
        sleeps();
        ASSERT_TRUE(asks(Op::fence));
    }
    answered(fenced(9));
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_EQ(count_of(Op::try_acquire), 1U) << "the lock stays held meanwhile";
}

TEST_F(AcquisitionFencingTest, at_the_deadline_the_lock_is_given_back) {
    deadline_in(5s);
    begin_to_fence();
    EXPECT_EQ(situation().remaining, Duration(5s));
    EXPECT_EQ(situation().slice, Duration(Acquisition::fence_slice));
    answered(Verdict::busy, 1s);
    sleeps();
    ASSERT_TRUE(asks(Op::fence));
    answered(Verdict::busy, 4s);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::timed_out));
}

TEST_F(AcquisitionFencingTest, a_token_that_comes_after_the_deadline_counts) {
    deadline_in(5s);
    begin_to_fence();
    answered(fenced(3), 6s);
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_EQ(action.token, 3);
}

TEST_F(AcquisitionFencingTest, there_is_some_time_for_it_whatever_the_deadline) {
    for (const bool no_wait : {true, false}) {
        request = {.no_wait = no_wait, .fencing = true};
        if (!no_wait) {
            deadline_in(1ms);
        }
        begin_to_fence();
        EXPECT_EQ(situation().remaining, Duration(Acquisition::time_to_fence));
        answered(Verdict::busy, 10ms);
        sleeps();
        ASSERT_TRUE(asks(Op::fence));
        answered(Verdict::busy, Acquisition::time_to_fence);
        ASSERT_TRUE(asks(Op::release));
        answered(Verdict::released);
        EXPECT_TRUE(ends(Outcome::timed_out));
    }
}

TEST_F(AcquisitionFencingTest, the_last_draw_is_made_at_the_deadline) {
    deadline_in(2s);
    begin_to_fence();
    answered(Verdict::busy, 2s - 1us);
    ASSERT_EQ(action.kind, Kind::sleep);
    EXPECT_LE(action.until, request.deadline);
}

// ---- Cancellation. ----

TEST_F(AcquisitionFencingTest, a_stop_between_two_draws_gives_the_lock_back) {
    begin_to_fence();
    answered(Verdict::busy);
    ASSERT_EQ(action.kind, Kind::sleep);
    happens(Event::cancelled);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionFencingTest, a_stop_before_a_draw_is_sent_gives_the_lock_back) {
    begin_to_fence();
    happens(Event::cancelled);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionFencingTest, a_stop_during_a_draw_gives_the_lock_back_whatever_came_of_it) {
    for (const Step& step : {fenced(5), verdict(Verdict::busy)}) {
        begin_to_fence();
        answered_to_cancel(step);
        ASSERT_TRUE(asks(Op::release));
        answered(Verdict::released);
        EXPECT_TRUE(ends(Outcome::cancelled));
        EXPECT_FALSE(action.token.has_value());
    }
}

TEST_F(AcquisitionFencingTest, a_cancelled_grant_is_given_back_without_a_draw) {
    begin_to_wait();
    answered_to_cancel(Verdict::granted);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::cancelled));
    EXPECT_EQ(count_of(Op::fence), 0U);
}

// ---- Draws that fail. ----

TEST_F(AcquisitionFencingTest, an_error_gives_the_lock_back_and_is_told_with_what_the_server_said) {
    begin_to_fence();
    dialect.native_error = {.code = 77};
    answered(failure(errc::no_fencing_schema));
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(fails(errc::no_fencing_schema));
    EXPECT_STREQ(action.advice, "advice");
    EXPECT_EQ(acquisition_->native().code, 77);
}

TEST_F(AcquisitionFencingTest, an_error_is_told_even_if_the_lock_is_gone_by_then) {
    begin_to_fence();
    answered(failure(errc::session_changed));
    ASSERT_TRUE(asks(Op::release));
    answered(failure(errc::lock_lost));
    EXPECT_TRUE(fails(errc::session_changed));
}

TEST_F(AcquisitionFencingTest, an_error_after_which_the_lock_cannot_be_given_back_is_in_doubt) {
    begin_to_fence();
    answered(failure(errc::permission_denied));
    ASSERT_TRUE(asks(Op::release));
    answered(failure(errc::database_error));
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_TRUE(action.in_doubt);
}

TEST_F(AcquisitionFencingTest, a_lost_connection_is_the_end) {
    begin_to_fence();
    answered(failure(errc::session_lost));
    EXPECT_TRUE(fails(errc::session_lost));
    EXPECT_EQ(count_of(Op::release), 0U);
}

TEST_F(AcquisitionFencingTest, a_draw_that_cannot_even_be_begun_gives_the_lock_back) {
    begin();
    dialect.refusal = failure(errc::session_busy);
    dialect.next = verdict(Verdict::granted);
    const Reply reply;
    Moment then = moment();
    then.reply = &reply;
    action = acquisition_->resume(Event::replied, then);
    // What cannot be asked cannot be given back either.
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_TRUE(action.in_doubt);
}

}  // namespace
}  // namespace dlock::detail
