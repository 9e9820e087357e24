// The queue in front of the server's, with callbacks in place of threads.
// SPDX-License-Identifier: BSL-1.0
#include "engine/local_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class LocalQueueTest : public testing::Test {
  protected:
    class Waiter final : public QueueWaiter {
      public:
        explicit Waiter(bool shared) : QueueWaiter(shared) {}
        void on_turn() noexcept override { ++turns; }
        int turns = 0;
    };

    ~LocalQueueTest() override {
        for (auto& waiter : waiters_) {
            LocalQueue::leave(name, *waiter);
        }
    }

    Waiter& enter(bool shared = false) {
        waiters_.push_back(std::make_unique<Waiter>(shared));
        LocalQueue::enter(name, *waiters_.back());
        return *waiters_.back();
    }
    Waiter& enter_shared() { return enter(true); }
    void leave(Waiter& waiter) { LocalQueue::leave(name, waiter); }
    void patience_ends() {
        LocalQueue::pass_by_the_silent(name, Clock::now() + LocalQueue::patience);
    }

    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();

  private:
    std::vector<std::unique_ptr<Waiter>> waiters_;
};

TEST_F(LocalQueueTest, the_first_has_its_turn_at_once) {
    EXPECT_EQ(enter().turns, 1);
}

TEST_F(LocalQueueTest, the_others_follow_in_the_order_in_which_they_came) {
    Waiter* const order[] = {&enter(), &enter(), &enter(), &enter()};
    for (int served = 0; served < 4; ++served) {
        for (int i = 0; i < 4; ++i) {
            EXPECT_EQ(order[i]->turns, i <= served ? 1 : 0) << i << " when served " << served;
        }
        LocalQueue::answer(*order[served]);
        leave(*order[served]);
    }
}

TEST_F(LocalQueueTest, shared_ones_that_lead_go_together) {
    Waiter& first = enter_shared();
    Waiter& second = enter_shared();
    EXPECT_EQ(first.turns, 1);
    EXPECT_EQ(second.turns, 1);
    Waiter& exclusive = enter();
    Waiter& late = enter_shared();
    EXPECT_EQ(exclusive.turns, 0);
    EXPECT_EQ(late.turns, 0) << "it would starve the exclusive one";
    leave(first);
    EXPECT_EQ(exclusive.turns, 0);
    leave(second);
    EXPECT_EQ(exclusive.turns, 1);
    EXPECT_EQ(late.turns, 0);
    leave(exclusive);
    EXPECT_EQ(late.turns, 1);
}

TEST_F(LocalQueueTest, shared_ones_behind_an_exclusive_one_go_together_after_it) {
    Waiter& exclusive = enter();
    Waiter& one = enter_shared();
    Waiter& two = enter_shared();
    Waiter& last = enter();
    EXPECT_EQ(one.turns + two.turns + last.turns, 0);
    leave(exclusive);
    EXPECT_EQ(one.turns, 1);
    EXPECT_EQ(two.turns, 1);
    EXPECT_EQ(last.turns, 0);
}

TEST_F(LocalQueueTest, one_that_leaves_the_middle_changes_nothing_for_the_others) {
    Waiter& front = enter();
    Waiter& middle = enter();
    Waiter& last = enter();
    leave(middle);
    EXPECT_EQ(last.turns, 0);
    leave(front);
    EXPECT_EQ(last.turns, 1);
    EXPECT_EQ(middle.turns, 0);
}

TEST_F(LocalQueueTest, one_that_leaves_without_having_answered_passes_its_turn_on) {
    Waiter& front = enter();
    Waiter& next = enter();
    ASSERT_EQ(front.turns, 1);
    leave(front);
    EXPECT_EQ(next.turns, 1);
}

TEST_F(LocalQueueTest, an_exclusive_one_that_leaves_opens_the_way_to_the_shared_ones_in_front) {
    Waiter& reader = enter_shared();
    Waiter& writer = enter();
    Waiter& behind = enter_shared();
    ASSERT_EQ(behind.turns, 0);
    leave(writer);
    EXPECT_EQ(behind.turns, 1);
    EXPECT_EQ(reader.turns, 1);
}

TEST_F(LocalQueueTest, the_last_one_leaving_passes_to_nobody_and_the_next_is_first_again) {
    Waiter& front = enter();
    Waiter& last = enter();
    leave(last);
    leave(front);
    EXPECT_EQ(enter().turns, 1);
    EXPECT_EQ(last.turns, 0);
}

TEST_F(LocalQueueTest, leaving_twice_or_without_having_entered_is_harmless) {
    Waiter& front = enter();
    Waiter& next = enter();
    leave(front);
    leave(front);
    Waiter stranger(false);
    leave(stranger);
    EXPECT_EQ(next.turns, 1);
}

TEST_F(LocalQueueTest, a_waiter_may_enter_again) {
    Waiter& one = enter();
    Waiter& two = enter();
    leave(one);
    LocalQueue::answer(two);
    LocalQueue::enter(name, one);
    EXPECT_EQ(one.turns, 1) << "it is behind now";
    leave(two);
    EXPECT_EQ(one.turns, 2);
}

TEST_F(LocalQueueTest, names_are_independent) {
    Waiter& here = enter();
    Waiter there(false);
    LocalQueue::enter(name + " of another lock", there);
    EXPECT_EQ(here.turns, 1);
    EXPECT_EQ(there.turns, 1);
    LocalQueue::leave(name + " of another lock", there);
}

// ---- Waiters that do not answer. ----

TEST_F(LocalQueueTest, a_silent_front_waiter_is_passed_by_when_patience_ends) {
    Waiter& silent = enter();
    Waiter& next = enter();
    Waiter& last = enter();
    LocalQueue::pass_by_the_silent(name, Clock::now());
    EXPECT_EQ(next.turns, 0) << "too early";
    patience_ends();
    EXPECT_EQ(next.turns, 1);
    EXPECT_EQ(last.turns, 0);
    EXPECT_EQ(silent.turns, 1);
}

TEST_F(LocalQueueTest, one_that_has_answered_is_not_passed_by) {
    Waiter& front = enter();
    Waiter& next = enter();
    LocalQueue::answer(front);
    patience_ends();
    patience_ends();
    EXPECT_EQ(next.turns, 0) << "it may stand in the server's queue for as long as it takes";
}

TEST_F(LocalQueueTest, one_silent_waiter_after_another_is_passed_by) {
    Waiter& first = enter();
    Waiter& second = enter();
    Waiter& third = enter();
    patience_ends();
    ASSERT_EQ(second.turns, 1);
    patience_ends();
    EXPECT_EQ(third.turns, 1);
    EXPECT_EQ(first.turns, 1);
    EXPECT_EQ(second.turns, 1);
}

TEST_F(LocalQueueTest, a_passed_one_that_answers_late_holds_the_turn_again) {
    Waiter& late = enter();
    Waiter& next = enter();
    Waiter& last = enter();
    patience_ends();
    LocalQueue::answer(late);
    leave(next);
    EXPECT_EQ(last.turns, 0);
    leave(late);
    EXPECT_EQ(last.turns, 1);
}

TEST_F(LocalQueueTest, a_passed_one_that_leaves_changes_nothing) {
    Waiter& silent = enter();
    Waiter& next = enter();
    Waiter& last = enter();
    patience_ends();
    leave(silent);
    EXPECT_EQ(next.turns, 1);
    EXPECT_EQ(last.turns, 0);
}

TEST_F(LocalQueueTest, silent_shared_ones_are_passed_by_together) {
    enter_shared();
    Waiter& answers = enter_shared();
    Waiter& writer = enter();
    LocalQueue::answer(answers);
    patience_ends();
    EXPECT_EQ(writer.turns, 0) << "one of them is at the server";
    leave(answers);
    EXPECT_EQ(writer.turns, 1);
}

TEST_F(LocalQueueTest, patience_for_a_name_nobody_waits_for_is_harmless) {
    LocalQueue::pass_by_the_silent(name + " of nobody", Clock::now());
}

}  // namespace
}  // namespace dlock::detail
