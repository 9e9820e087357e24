// When a hold that is watched is asked about, and when silence is a loss: on a clock of the test's.
// SPDX-License-Identifier: BSL-1.0
#include "loss/loss_watch.hpp"

#include <gtest/gtest.h>

#include <future>
#include <semaphore>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

// Within a second the server must have said that the lock is held. All times count from the first
// look.
class LossWatchTime : public testing::Test {
  protected:
    LossWatchTime() { EXPECT_FALSE(lost_at(0ms)); }
    ~LossWatchTime() override {
        if (unanswered_) {
            answer_.set_value(Held::yes);
        }
        watch_->end();
        target_->forget();
    }

    // Looks, and tells whether the lock is lost.
    [[nodiscard]] bool lost_at(Duration time) {
        watch_->look(start_ + time, target_);
        return watch_->lost();
    }
    // Looks, and waits for the question that this must begin.
    [[nodiscard]] bool asks_at(Duration time) {
        answer_ = {};
        unanswered_ = true;
        return !lost_at(time) && next() == time + 500ms && asked_.try_acquire_for(20s);
    }
    // Answers it; the watcher may know from here on.
    void answer(Held held) {
        unanswered_ = false;
        answer_.set_value(held);
        EXPECT_TRUE(bell_.rings.try_acquire_for(20s));
    }
    [[nodiscard]] Duration next() const { return watch_->look_at() - start_; }
    [[nodiscard]] bool silent() const { return watch_->silent(); }

  private:
    // An object of its own: another thread may be in wake() until the target is forgotten.
    struct Bell final : Waker {
        void wake() noexcept override { rings.release(); }
        std::counting_semaphore<> rings{0};
    };

    // The clock's own zero is no time of a look.
    const LossWatch::Clock::time_point start_{1h};
    std::promise<Held> answer_;
    bool unanswered_ = false;
    std::counting_semaphore<> asked_{0};
    Bell bell_;
    std::shared_ptr<WakeTarget> target_ = std::make_shared<WakeTarget>(bell_);
    std::shared_ptr<LossWatch> watch_ = std::make_shared<LossWatch>(
        -1, 1s,
        [this] {
            auto answer = answer_.get_future();
            asked_.release();
            return answer.get();
        },
        LockError(errc::lock_lost, "the session has ended", "key"));
};

TEST_F(LossWatchTime, TheServerIsAskedAtHalfOfTheIntervalAndNotBefore) {
    EXPECT_EQ(next(), 500ms);
    EXPECT_FALSE(lost_at(499ms));
    EXPECT_EQ(next(), 500ms) << "asked too early";
    EXPECT_TRUE(asks_at(500ms));
    EXPECT_EQ(next(), 1000ms);
}

TEST_F(LossWatchTime, SilenceIsALossWhenTheIntervalIsOverAndNotBefore) {
    ASSERT_TRUE(asks_at(500ms));
    EXPECT_FALSE(lost_at(999ms));
    EXPECT_EQ(next(), 1000ms);
    EXPECT_TRUE(lost_at(1000ms));
    EXPECT_TRUE(silent());
}

TEST_F(LossWatchTime, AnAnswerIsFollowedByTheNextQuestion) {
    for (const auto time : {500ms, 1000ms, 1500ms}) {
        ASSERT_TRUE(asks_at(time));
        answer(Held::yes);
        EXPECT_FALSE(lost_at(time + 10ms));
        EXPECT_EQ(next(), time + 500ms);
    }
    ASSERT_TRUE(asks_at(2000ms));
    EXPECT_FALSE(lost_at(2499ms));
    EXPECT_TRUE(lost_at(2500ms));
}

TEST_F(LossWatchTime, AnErrorIsALossOnlyWhenTheIntervalIsOver) {
    ASSERT_TRUE(asks_at(500ms));
    answer(Held::unknown);
    EXPECT_FALSE(lost_at(510ms));
    ASSERT_TRUE(asks_at(1000ms));
    answer(Held::unknown);
    EXPECT_TRUE(lost_at(1010ms));
    EXPECT_TRUE(silent());
}

TEST_F(LossWatchTime, SilenceAfterAnErrorIsALossHalfAnIntervalLater) {
    ASSERT_TRUE(asks_at(500ms));
    answer(Held::unknown);
    EXPECT_FALSE(lost_at(510ms));
    ASSERT_TRUE(asks_at(1000ms));
    EXPECT_FALSE(lost_at(1499ms));
    EXPECT_TRUE(lost_at(1500ms));
    EXPECT_TRUE(silent());
}

// ---- The process stood still, and the looks come late. ----

TEST_F(LossWatchTime, ALateLookAsksBeforeAnythingIsLost) {
    ASSERT_TRUE(asks_at(1h));
    EXPECT_FALSE(lost_at(1h + 499ms));
    EXPECT_TRUE(lost_at(1h + 500ms));
}

TEST_F(LossWatchTime, ALateLookGivesTheAnswerItsTimeOnceMore) {
    ASSERT_TRUE(asks_at(500ms));
    EXPECT_FALSE(lost_at(1h)) << "the answer may have come while nobody could read it";
    EXPECT_EQ(next(), 1h + 500ms);
    EXPECT_FALSE(lost_at(1h + 499ms));
    EXPECT_TRUE(lost_at(1h + 500ms));
    EXPECT_TRUE(silent());
}

TEST_F(LossWatchTime, ASecondLateLookTakesTheSilenceForALoss) {
    ASSERT_TRUE(asks_at(500ms));
    EXPECT_FALSE(lost_at(1h));
    EXPECT_TRUE(lost_at(2h)) << "it would never be found where all looks come late";
}

TEST_F(LossWatchTime, TheLatenessOfABusyMachineIsNotThatOfAProcessThatStoodStill) {
    ASSERT_TRUE(asks_at(500ms));
    EXPECT_TRUE(lost_at(1050ms));
}

TEST_F(LossWatchTime, AnAnswerThatCameMeanwhileCountsAndTheNextQuestionHasItsOwnRespite) {
    ASSERT_TRUE(asks_at(500ms));
    EXPECT_FALSE(lost_at(1h));
    answer(Held::yes);
    ASSERT_TRUE(asks_at(2h));
    EXPECT_FALSE(lost_at(3h));
    EXPECT_TRUE(lost_at(3h + 500ms));
}

}  // namespace
}  // namespace dlock::detail
