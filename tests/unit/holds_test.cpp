// The registry of what the sessions of this process hold.
// SPDX-License-Identifier: BSL-1.0
#include "engine/holds.hpp"

#include <dlock/world.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace dlock::detail {
namespace {

std::shared_ptr<Hold> make_hold(const std::string& name, Mode mode = Mode::exclusive) {
    return std::make_shared<Hold>(
        Hold{.name = name, .mode = mode, .caller = World::real().caller()});
}

// Two sessions, told apart by the addresses of their backends.
class HoldsTest : public testing::Test {
  protected:
    std::shared_ptr<Hold> take(SessionRecord& record, const std::string& name,
                               Mode mode = Mode::exclusive) {
        Holds::prepare(record, 1);
        auto hold = make_hold(name, mode);
        Holds::add(record, hold);
        return hold;
    }

    char backends_[2] = {};
    std::shared_ptr<SessionRecord> one_ = Holds::record(&backends_[0]);
    std::shared_ptr<SessionRecord> two_ = Holds::record(&backends_[1]);
};

TEST_F(HoldsTest, all_locks_of_a_session_share_its_record) {
    EXPECT_EQ(Holds::record(&backends_[0]), one_);
    EXPECT_EQ(Holds::record(&backends_[1]), two_);
    EXPECT_NE(one_, two_);
}

TEST_F(HoldsTest, a_record_ends_with_the_last_lock_of_the_session) {
    (void)take(*one_, "key");
    one_.reset();
    EXPECT_TRUE(Holds::holds_nothing(*Holds::record(&backends_[0])))
        << "another session may have the same address by now";
}

TEST_F(HoldsTest, a_hold_is_found_by_its_name_in_its_session_only) {
    EXPECT_TRUE(Holds::holds_nothing(*one_));
    EXPECT_EQ(Holds::find(*one_, "key"), nullptr);
    const auto hold = take(*one_, "key");
    EXPECT_EQ(Holds::find(*one_, "key"), hold);
    EXPECT_EQ(Holds::find(*one_, "other"), nullptr);
    EXPECT_EQ(Holds::find(*two_, "key"), nullptr);
    EXPECT_FALSE(Holds::holds_nothing(*one_));
    EXPECT_TRUE(Holds::holds_nothing(*two_));
}

TEST_F(HoldsTest, a_session_holds_several) {
    const auto a = take(*one_, "a");
    const auto b = take(*one_, "b");
    EXPECT_TRUE(Holds::leave(*one_, a));
    EXPECT_EQ(Holds::find(*one_, "a"), nullptr);
    EXPECT_EQ(Holds::find(*one_, "b"), b);
    EXPECT_FALSE(Holds::holds_nothing(*one_));
    EXPECT_TRUE(Holds::leave(*one_, b));
    EXPECT_TRUE(Holds::holds_nothing(*one_));
}

TEST_F(HoldsTest, a_shared_hold_is_forgotten_with_the_last_that_leaves) {
    const auto hold = take(*one_, "key");
    EXPECT_EQ(Holds::count(*hold), 1U);
    Holds::join(*hold);
    Holds::join(*hold);
    EXPECT_EQ(Holds::count(*hold), 3U);
    EXPECT_FALSE(Holds::leave(*one_, hold));
    EXPECT_FALSE(Holds::leave(*one_, hold));
    EXPECT_EQ(Holds::find(*one_, "key"), hold);
    EXPECT_TRUE(Holds::leave(*one_, hold));
    EXPECT_EQ(Holds::find(*one_, "key"), nullptr);
}

TEST_F(HoldsTest, a_hold_can_be_forgotten_whoever_shares_it) {
    const auto hold = take(*one_, "key");
    Holds::join(*hold);
    Holds::forget(*one_, hold);
    EXPECT_TRUE(Holds::holds_nothing(*one_));
    Holds::forget(*one_, hold);  // harmless
    EXPECT_FALSE(Holds::leave(*one_, hold)) << "those that share it still leave one by one";
    EXPECT_TRUE(Holds::leave(*one_, hold));
}

TEST_F(HoldsTest, a_reconnected_session_holds_nothing) {
    (void)take(*one_, "key");
    (void)take(*two_, "key");
    Holds::prepare(*one_, 1);
    EXPECT_FALSE(Holds::holds_nothing(*one_)) << "the same server session";
    Holds::prepare(*one_, 2);
    EXPECT_TRUE(Holds::holds_nothing(*one_));
    EXPECT_FALSE(Holds::holds_nothing(*two_));
}

TEST_F(HoldsTest, prepare_makes_room_so_that_adding_needs_no_memory) {
    for (int i = 0; i < 50; ++i) {
        Holds::prepare(*one_, 1);
        EXPECT_GT(one_->holds.capacity(), one_->holds.size());
        Holds::add(*one_, make_hold(std::to_string(i)));
    }
}

// ---- A thread that would wait for itself. ----

TEST_F(HoldsTest, a_hold_through_another_session_of_this_thread_is_found) {
    (void)take(*one_, "key");
    EXPECT_TRUE(Holds::held_by_caller(*two_, "key", Mode::exclusive, World::real().caller()));
    EXPECT_FALSE(Holds::held_by_caller(*two_, "other", Mode::exclusive, World::real().caller()));
    EXPECT_FALSE(Holds::held_by_caller(*one_, "key", Mode::exclusive, World::real().caller()))
        << "that is re-entrancy, not a second session";
}

TEST_F(HoldsTest, only_modes_that_exclude_each_other_count) {
    const auto shared = take(*one_, "key", Mode::shared);
    EXPECT_FALSE(Holds::held_by_caller(*two_, "key", Mode::shared, World::real().caller()));
    EXPECT_TRUE(Holds::held_by_caller(*two_, "key", Mode::exclusive, World::real().caller()));
    (void)Holds::leave(*one_, shared);
    (void)take(*one_, "key", Mode::exclusive);
    EXPECT_TRUE(Holds::held_by_caller(*two_, "key", Mode::shared, World::real().caller()));
}

TEST_F(HoldsTest, what_was_given_back_does_not_count) {
    const auto hold = take(*one_, "key");
    (void)Holds::leave(*one_, hold);
    EXPECT_FALSE(Holds::held_by_caller(*two_, "key", Mode::exclusive, World::real().caller()));
    (void)take(*one_, "key");
    one_.reset();
    EXPECT_FALSE(Holds::held_by_caller(*two_, "key", Mode::exclusive, World::real().caller()));
}

}  // namespace
}  // namespace dlock::detail
