// An acquire from its first try to its end, in virtual time: tries, turns, slices, deadlines.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_run.hpp"

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

// ---- The first try. ----

TEST_F(AcquisitionTest, a_free_lock_takes_one_try) {
    begin();
    ASSERT_TRUE(asks(Op::try_acquire));
    EXPECT_EQ(situation().identity, 7U);
    EXPECT_EQ(situation().transaction, TransactionState::idle);
    answered(Verdict::granted);
    EXPECT_TRUE(ends(Outcome::acquired));
    EXPECT_EQ(dialect.started.size(), 1U);
}

TEST_F(AcquisitionTest, every_question_is_about_the_mode_that_was_asked_for) {
    request.mode = Mode::shared;
    begin_to_wait();
    answered_to_cancel(Verdict::granted);
    answered(Verdict::released);
    ASSERT_EQ(dialect.started.size(), 3U);
    for (const auto& started : dialect.started) {
        EXPECT_EQ(started.situation.mode, Mode::shared);
    }
}

TEST_F(AcquisitionTest, without_waiting_busy_is_the_end) {
    request.no_wait = true;
    request.may_queue = true;
    begin();
    answered(Verdict::busy);
    EXPECT_TRUE(ends(Outcome::timed_out));
    EXPECT_EQ(dialect.started.size(), 1U);
}

TEST_F(AcquisitionTest, without_waiting_an_interrupted_try_is_made_again) {
    request.no_wait = true;
    begin();
    answered(Verdict::interrupted);
    ASSERT_TRUE(asks(Op::try_acquire));
    answered(Verdict::granted);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionTest, the_server_is_tried_even_if_the_deadline_has_passed) {
    deadline_in(-5s);
    begin();
    ASSERT_TRUE(asks(Op::try_acquire));
    answered(Verdict::granted);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionTest, busy_after_the_deadline_is_the_end) {
    deadline_in(1s);
    begin();
    answered(Verdict::busy, 1s);
    EXPECT_TRUE(ends(Outcome::timed_out));
}

TEST_F(AcquisitionTest, a_wait_that_could_not_be_sent_in_time_is_over) {
    deadline_in(1s);
    begin_to_wait();
    EXPECT_EQ(action.until, request.deadline);
    now += 1s;
    happens(Event::woke);
    EXPECT_TRUE(ends(Outcome::timed_out));
}

// ---- Deadlocks. ----

TEST_F(AcquisitionTest, a_victim_asks_once_more_where_both_sides_can_be_victims) {
    dialect.both_victims = true;
    begin_to_wait();
    answered(failure(errc::deadlock), 1s);
    ASSERT_EQ(action.kind, Kind::sleep);
    EXPECT_LE(action.until, now + Acquisition::second_chance);
    sleeps();
    EXPECT_TRUE(asks(Op::wait));
    answered(failure(errc::deadlock), 1s);
    EXPECT_TRUE(ends(Outcome::failed));
    EXPECT_EQ(action.error, errc::deadlock);
}

TEST_F(AcquisitionTest, a_victim_that_asks_once_more_can_be_granted) {
    dialect.both_victims = true;
    begin_to_wait();
    answered(failure(errc::deadlock), 1s);
    sleeps();
    answered(Verdict::granted);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionTest, a_victim_is_told_at_once_where_there_is_one_only) {
    begin_to_wait();
    answered(failure(errc::deadlock), 1s);
    EXPECT_TRUE(ends(Outcome::failed));
}

// ---- The turn. ----

TEST_F(AcquisitionTest, a_turn_is_taken_after_the_try_and_before_the_wait) {
    request.may_queue = true;
    deadline_in(10s);
    begin();
    answered(Verdict::busy);
    ASSERT_EQ(action.kind, Kind::take_turn);
    EXPECT_TRUE(action.queue);
    EXPECT_EQ(action.until, request.deadline);
    happens(Event::turn_came);
    EXPECT_TRUE(asks(Op::wait));
}

TEST_F(AcquisitionTest, a_session_that_may_not_queue_is_told_so_but_still_checked_for_itself) {
    begin();
    answered(Verdict::busy);
    ASSERT_EQ(action.kind, Kind::take_turn);
    EXPECT_FALSE(action.queue);
    EXPECT_EQ(action.until, TimePoint::max());
    happens(Event::waits_for_itself);
    EXPECT_EQ(action.kind, Kind::done);
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_EQ(action.error, errc::deadlock);
    EXPECT_FALSE(action.in_doubt);
    EXPECT_NE(std::string(action.advice), "");
}

TEST_F(AcquisitionTest, a_turn_is_taken_once) {
    begin_to_wait();
    for (int slice = 0; slice < 5; ++slice) {
        ASSERT_TRUE(asks(Op::wait));
        answered(Verdict::busy, 10s);
    }
    EXPECT_TRUE(asks(Op::wait));
}

TEST_F(AcquisitionTest, a_turn_that_does_not_come_in_time_is_a_time_out) {
    request.may_queue = true;
    deadline_in(1s);
    begin();
    answered(Verdict::busy);
    now += 1s;
    happens(Event::woke);
    EXPECT_TRUE(ends(Outcome::timed_out));
    EXPECT_EQ(dialect.started.size(), 1U) << "nothing is sent after it";
}

// ---- Deadlines. ----

TEST_F(AcquisitionTest, a_wait_is_told_what_is_left) {
    deadline_in(10s);
    begin();
    answered(Verdict::busy, 1s);
    now += 2s;
    happens(Event::turn_came);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().remaining, 7s);
}

TEST_F(AcquisitionTest, a_wait_without_limit_is_told_so) {
    begin_to_wait();
    EXPECT_EQ(situation().remaining, Duration::max());
}

TEST_F(AcquisitionTest, a_deadline_that_passed_in_the_queue_leaves_nothing_rather_than_less) {
    deadline_in(1s);
    begin();
    answered(Verdict::busy);
    now += 3s;
    happens(Event::turn_came);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().remaining, Duration::zero());
}

TEST_F(AcquisitionTest, it_never_times_out_early) {
    // A server whose clock is fast: the machine asks again for the rest, however short.
    deadline_in(250ms);
    begin_to_wait();
    answered(Verdict::busy, 249ms);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().remaining, 1ms);
    answered(Verdict::busy, 999us);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().remaining, 1us);
    answered(Verdict::busy, 999ns);
    while (action.kind == Kind::sleep) {
        ASSERT_LE(action.until, request.deadline);
        sleeps();
    }
    if (action.kind == Kind::send) {
        answered(Verdict::busy, 1ms);
    }
    EXPECT_TRUE(ends(Outcome::timed_out));
    EXPECT_GE(now, request.deadline);
}

TEST_F(AcquisitionTest, a_grant_after_the_deadline_is_a_grant) {
    deadline_in(1s);
    begin_to_wait();
    answered(Verdict::granted, 2s);
    EXPECT_TRUE(ends(Outcome::acquired));
}

// ---- Slices. ----

TEST_F(AcquisitionTest, each_slice_is_twice_the_one_before) {
    options.slice = 10s;
    begin_to_wait();
    for (const Duration expected : {10s, 20s, 40s, 80s}) {
        ASSERT_TRUE(asks(Op::wait));
        EXPECT_EQ(situation().slice, expected);
        answered(Verdict::busy, expected);
    }
}

TEST_F(AcquisitionTest, slices_end_doubling_before_they_overflow) {
    options.slice = Duration::max() / 2 + 1ns;
    begin_to_wait();
    answered(Verdict::busy, 10s);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().slice, Duration::max() / 2 + 1ns);

    options.slice = Duration::max();
    begin_to_wait();
    answered(Verdict::busy, 10s);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().slice, Duration::max());
}

TEST_F(AcquisitionTest, an_interruption_does_not_make_slices_longer) {
    options.slice = 10s;
    begin_to_wait();
    answered(Verdict::interrupted, 3s);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().slice, 10s);
}

TEST_F(AcquisitionTest, short_slices_are_not_taken_for_interruptions) {
    options.slice = 1ms;
    begin_to_wait();
    for (int slice = 0; slice < 30; ++slice) {
        while (action.kind == Kind::sleep) {
            sleeps();
        }
        ASSERT_TRUE(asks(Op::wait)) << slice << ' ' << make_error_code(action.error).message();
        answered(Verdict::busy, situation().slice);
    }
}

TEST_F(AcquisitionTest, a_dialect_that_waits_in_one_piece_gets_one_piece) {
    dialect.slices = false;
    begin_to_wait();
    EXPECT_EQ(situation().slice, Duration::max());

    deadline_in(1h);
    begin_to_wait();
    EXPECT_EQ(situation().slice, 1h);
}

TEST_F(AcquisitionTest, where_nothing_can_cancel_a_statement_waits_are_short) {
    request.short_slices = true;
    for (const bool slices : {false, true}) {
        dialect.slices = slices;
        begin_to_wait();
        for (int slice = 0; slice < 5; ++slice) {
            ASSERT_TRUE(asks(Op::wait));
            EXPECT_EQ(situation().slice, Duration(Acquisition::short_slice));
            EXPECT_EQ(situation().remaining, Duration::max());
            answered(Verdict::busy, 1s);
        }
    }
    options.slice = 300ms;
    begin_to_wait();
    EXPECT_EQ(situation().slice, 300ms) << "not longer than what was asked for";
}

// ---- Interruptions by others. ----

TEST_F(AcquisitionTest, an_interruption_is_no_time_out) {
    deadline_in(60s);
    begin_to_wait();
    answered(Verdict::interrupted, 5s);
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().remaining, 55s);
    answered(Verdict::granted, 1s);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionTest, an_interrupted_try_is_followed_by_a_wait) {
    begin();
    answered(Verdict::interrupted);
    ASSERT_EQ(action.kind, Kind::take_turn);
    happens(Event::turn_came);
    EXPECT_TRUE(asks(Op::wait));
}

TEST_F(AcquisitionTest, too_many_quick_interruptions_are_an_error) {
    begin_to_wait();
    int waits = 0;
    while (action.kind != Kind::done && waits < 100) {
        if (action.kind == Kind::sleep) {
            sleeps();
            continue;
        }
        ASSERT_TRUE(asks(Op::wait));
        ++waits;
        answered(Verdict::interrupted, 1ms);
    }
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_EQ(action.error, errc::interrupted);
    EXPECT_FALSE(action.in_doubt);
    EXPECT_EQ(waits, Acquisition::max_quick + 1);
    EXPECT_GE(now - beginning, 100ms) << "the pauses between them must grow";
}

TEST_F(AcquisitionTest, slow_interruptions_are_asked_again_for_ever) {
    begin_to_wait();
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(asks(Op::wait));
        answered(Verdict::interrupted, Acquisition::quick);
    }
    EXPECT_TRUE(asks(Op::wait));
}

TEST_F(AcquisitionTest, a_slow_answer_forgives_the_quick_ones) {
    begin_to_wait();
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < Acquisition::max_quick; ++i) {
            while (action.kind == Kind::sleep) {
                sleeps();
            }
            ASSERT_TRUE(asks(Op::wait));
            answered(Verdict::interrupted, 1ms);
        }
        while (action.kind == Kind::sleep) {
            sleeps();
        }
        ASSERT_TRUE(asks(Op::wait));
        answered(Verdict::interrupted, 1s);
    }
    EXPECT_TRUE(asks(Op::wait));
}

TEST_F(AcquisitionTest, a_pause_after_interruptions_ends_with_the_deadline) {
    begin_to_wait();
    answered(Verdict::interrupted, 1ms);
    ASSERT_TRUE(asks(Op::wait));
    deadline_in(2ms);
    begin_to_wait();
    answered(Verdict::interrupted, 100us);
    ASSERT_TRUE(asks(Op::wait));
    answered(Verdict::interrupted, 100us);
    ASSERT_EQ(action.kind, Kind::sleep);
    EXPECT_EQ(action.until, request.deadline);
    sleeps();
    ASSERT_TRUE(asks(Op::wait));
    EXPECT_EQ(situation().remaining, Duration::zero());
    answered(Verdict::busy, 1ms);
    EXPECT_TRUE(ends(Outcome::timed_out));
}

// ---- Errors. ----

TEST_F(AcquisitionTest, errors_are_passed_on_as_they_are) {
    for (const bool in_doubt : {false, true}) {
        begin();
        answered(failure(errc::permission_denied, in_doubt));
        EXPECT_EQ(action.kind, Kind::done);
        EXPECT_EQ(action.outcome, Outcome::failed);
        EXPECT_EQ(action.error, errc::permission_denied);
        EXPECT_EQ(action.in_doubt, in_doubt);
        EXPECT_STREQ(action.advice, "advice");

        begin_to_wait();
        answered(failure(errc::deadlock, in_doubt), 1s);
        EXPECT_EQ(action.outcome, Outcome::failed);
        EXPECT_EQ(action.error, errc::deadlock);
        EXPECT_EQ(action.in_doubt, in_doubt);
    }
}

TEST_F(AcquisitionTest, an_error_before_anything_is_sent_is_passed_on) {
    dialect.refusal = failure(errc::no_transaction);
    begin();
    EXPECT_EQ(action.kind, Kind::done);
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_EQ(action.error, errc::no_transaction);
}

TEST_F(AcquisitionTest, lock_lost_while_nothing_is_given_back_is_an_error) {
    begin();
    answered(failure(errc::lock_lost));
    EXPECT_EQ(action.outcome, Outcome::failed);
    EXPECT_EQ(action.error, errc::lock_lost);
}

}  // namespace
}  // namespace dlock::detail
