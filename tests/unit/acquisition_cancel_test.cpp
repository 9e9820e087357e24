// A stop request at every point of an acquire: nothing is held afterwards, or it is in doubt.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_run.hpp"

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

class AcquisitionCancelTest : public AcquisitionTest {
  protected:
    [[nodiscard]] testing::AssertionResult ends_in_doubt() const {
        return action.kind == Kind::done && action.outcome == Outcome::failed && action.in_doubt
                   ? testing::AssertionSuccess()
                   : testing::AssertionFailure()
                         << "kind " << static_cast<int>(action.kind) << ", outcome "
                         << static_cast<int>(action.outcome) << ", in doubt " << action.in_doubt;
    }
};

// ---- Where nothing is under way on the server. ----

TEST_F(AcquisitionCancelTest, in_the_queue_it_is_the_end) {
    request.may_queue = true;
    begin();
    answered(Verdict::busy);
    ASSERT_EQ(action.kind, Kind::take_turn);
    happens(Event::cancelled);
    EXPECT_TRUE(ends(Outcome::cancelled));
    EXPECT_EQ(dialect.started.size(), 1U);
}

TEST_F(AcquisitionCancelTest, in_a_pause_it_is_the_end) {
    options.wait = WaitStrategy::polling;
    begin_to_wait();
    ASSERT_EQ(action.kind, Kind::sleep);
    happens(Event::cancelled);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionCancelTest, before_the_wait_is_sent_it_is_the_end) {
    begin_to_wait();
    ASSERT_TRUE(asks(Op::wait));
    happens(Event::cancelled);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

// ---- A session-level lock with a statement under way. ----

TEST_F(AcquisitionCancelTest, a_grant_that_beats_it_is_given_back) {
    begin_to_wait();
    answered_to_cancel(Verdict::granted);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionCancelTest, giving_back_what_is_not_held_any_more_is_as_good) {
    begin_to_wait();
    answered_to_cancel(Verdict::granted);
    answered(failure(errc::lock_lost));
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionCancelTest, giving_back_that_fails_is_in_doubt) {
    for (const bool in_doubt : {false, true}) {
        begin_to_wait();
        answered_to_cancel(Verdict::granted);
        ASSERT_TRUE(asks(Op::release));
        answered(failure(errc::database_error, in_doubt));
        EXPECT_TRUE(ends_in_doubt());
    }
}

TEST_F(AcquisitionCancelTest, a_refusal_is_followed_by_a_question_that_takes_a_late_blow) {
    for (const Verdict refusal : {Verdict::busy, Verdict::interrupted}) {
        begin_to_wait();
        answered_to_cancel(refusal);
        ASSERT_TRUE(asks(Op::verify));
        answered(Verdict::not_held);
        EXPECT_TRUE(ends(Outcome::cancelled));
    }
}

TEST_F(AcquisitionCancelTest, what_the_question_finds_held_is_given_back) {
    begin_to_wait();
    answered_to_cancel(Verdict::interrupted);
    ASSERT_TRUE(asks(Op::verify));
    answered(Verdict::held);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionCancelTest, a_question_without_an_answer_is_in_doubt) {
    begin_to_wait();
    answered_to_cancel(Verdict::interrupted);
    answered(failure(errc::interrupted));
    EXPECT_TRUE(ends_in_doubt());
}

TEST_F(AcquisitionCancelTest, an_error_that_comes_instead_is_told) {
    begin_to_wait();
    answered_to_cancel(failure(errc::deadlock));
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_EQ(action.error, errc::deadlock);
    EXPECT_FALSE(action.in_doubt);
}

TEST_F(AcquisitionCancelTest, it_is_remembered_when_a_later_statement_of_the_wait_decides) {
    begin_to_wait();
    // The wait is cancelled and cleaned up after by a second statement, which is not cancelled.
    static const Statement second{.purpose = Purpose::other};
    answered_to_cancel(Step{.send = &second});
    ASSERT_EQ(action.kind, Kind::send);
    EXPECT_EQ(action.statement, &second);
    answered(Verdict::granted);
    ASSERT_TRUE(asks(Op::release));
    answered(Verdict::released);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

TEST_F(AcquisitionCancelTest, it_comes_before_the_deadline) {
    deadline_in(1s);
    begin_to_wait();
    now += 2s;
    answered_to_cancel(Verdict::busy);
    ASSERT_TRUE(asks(Op::verify));
    answered(Verdict::not_held);
    EXPECT_TRUE(ends(Outcome::cancelled));
}

// ---- A transaction-level lock, which cannot be given back. ----

class AcquisitionXactCancelTest : public AcquisitionCancelTest {
  protected:
    void SetUp() override { request.xact = true; }
};

TEST_F(AcquisitionXactCancelTest, a_grant_that_beats_it_stands) {
    begin_to_wait();
    answered_to_cancel(Verdict::granted);
    ASSERT_TRUE(asks(Op::verify)) << "the question takes the blow of a late cancel";
    answered(Verdict::held);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionXactCancelTest, what_the_question_finds_held_stands) {
    begin_to_wait();
    answered_to_cancel(Verdict::interrupted);
    ASSERT_TRUE(asks(Op::verify));
    answered(Verdict::held);
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_EQ(dialect.started.size(), 3U) << "no release";
}

TEST_F(AcquisitionXactCancelTest, what_the_question_does_not_find_is_cancelled) {
    for (const Verdict given : {Verdict::granted, Verdict::interrupted, Verdict::busy}) {
        begin_to_wait();
        answered_to_cancel(given);
        ASSERT_TRUE(asks(Op::verify));
        answered(Verdict::not_held);
        EXPECT_TRUE(ends(Outcome::cancelled));
    }
}

TEST_F(AcquisitionXactCancelTest, a_question_without_an_answer_is_in_doubt) {
    begin_to_wait();
    answered_to_cancel(Verdict::granted);
    answered(failure(errc::database_error));
    EXPECT_TRUE(ends_in_doubt());
}

}  // namespace
}  // namespace dlock::detail
