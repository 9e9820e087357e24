// An acquire that polls, in virtual time: pauses, jitter, the last try at the deadline.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_run.hpp"

#include <algorithm>
#include <set>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

class AcquisitionPollingTest : public AcquisitionTest {
  protected:
    void SetUp() override {
        options.wait = WaitStrategy::polling;
        options.poll_interval = 100ms;
        options.poll_jitter = 0.0;
    }

    // The pauses of `count` tries in a row.
    std::vector<Duration> pauses(int count) {
        std::vector<Duration> all;
        begin_to_wait();
        for (int i = 0; i < count; ++i) {
            EXPECT_EQ(action.kind, Kind::sleep);
            all.push_back(action.until - now);
            sleeps();
            EXPECT_TRUE(asks(Op::try_acquire));
            answered(Verdict::busy);
        }
        return all;
    }
};

TEST_F(AcquisitionPollingTest, it_tries_and_never_waits_in_the_server) {
    (void)pauses(20);
    for (const auto& started : dialect.started) {
        EXPECT_EQ(started.op, Op::try_acquire);
    }
    sleeps();
    answered(Verdict::granted);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionPollingTest, it_pauses_before_the_second_try_too) {
    begin();
    answered(Verdict::busy);
    ASSERT_EQ(action.kind, Kind::take_turn);
    happens(Event::turn_came);
    ASSERT_EQ(action.kind, Kind::sleep);
    EXPECT_EQ(action.until, now + 100ms);
}

TEST_F(AcquisitionPollingTest, without_jitter_all_pauses_are_the_interval) {
    for (const Duration pause : pauses(10)) {
        EXPECT_EQ(pause, 100ms);
    }
}

TEST_F(AcquisitionPollingTest, jitter_makes_pauses_shorter_and_different) {
    options.poll_jitter = 0.5;
    request.seed = 12345;
    const std::vector<Duration> all = pauses(1000);
    EXPECT_GE(*std::min_element(all.begin(), all.end()), 50ms);
    EXPECT_LE(*std::max_element(all.begin(), all.end()), 100ms);
    EXPECT_LT(*std::min_element(all.begin(), all.end()), 55ms) << "the range is used";
    EXPECT_GT(*std::max_element(all.begin(), all.end()), 95ms);
    EXPECT_GT(std::set<Duration>(all.begin(), all.end()).size(), 900U);
}

TEST_F(AcquisitionPollingTest, different_seeds_pause_differently) {
    options.poll_jitter = 1.0;
    request.seed = 3;
    const std::vector<Duration> one = pauses(10);
    request.seed = 5;
    EXPECT_NE(pauses(10), one);
}

TEST_F(AcquisitionPollingTest, a_pause_is_never_nothing) {
    options.poll_jitter = 1.0;
    options.poll_interval = 1ns;
    for (const Duration pause : pauses(100)) {
        EXPECT_EQ(pause, 1ns);
    }
}

TEST_F(AcquisitionPollingTest, the_longest_interval_does_not_overflow) {
    options.poll_interval = Duration::max();
    for (const double jitter : {0.0, 0.5, 1.0}) {
        options.poll_jitter = jitter;
        begin_to_wait();
        ASSERT_EQ(action.kind, Kind::sleep);
        EXPECT_GE(action.until - now, 1h) << jitter;
    }
    deadline_in(3s);
    begin_to_wait();
    EXPECT_EQ(action.until, request.deadline);
}

TEST_F(AcquisitionPollingTest, the_last_pause_is_clipped_to_the_deadline_and_followed_by_a_try) {
    deadline_in(250ms);
    begin_to_wait();
    sleeps();
    answered(Verdict::busy);
    sleeps();
    answered(Verdict::busy);
    ASSERT_EQ(action.kind, Kind::sleep);
    EXPECT_EQ(action.until, beginning + 250ms);
    sleeps();
    ASSERT_TRUE(asks(Op::try_acquire)) << "the last try is made when the deadline comes";
    answered(Verdict::busy);
    EXPECT_TRUE(ends(Outcome::timed_out));
    EXPECT_EQ(now, beginning + 250ms);
}

TEST_F(AcquisitionPollingTest, a_grant_at_the_last_try_counts) {
    deadline_in(50ms);
    begin_to_wait();
    sleeps();
    answered(Verdict::granted, 1s);
    EXPECT_TRUE(ends(Outcome::acquired));
}

TEST_F(AcquisitionPollingTest, a_try_without_waiting_does_not_pause) {
    request.no_wait = true;
    begin();
    answered(Verdict::interrupted);
    ASSERT_TRUE(asks(Op::try_acquire));
    answered(Verdict::busy);
    EXPECT_TRUE(ends(Outcome::timed_out));
}

TEST_F(AcquisitionPollingTest, quick_answers_are_no_interruptions) {
    for (const Duration pause : pauses(100)) {
        EXPECT_EQ(pause, 100ms);
    }
}

}  // namespace
}  // namespace dlock::detail
