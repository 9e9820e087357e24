// The checker of histories: what it accepts, and what it must not.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/linearizability.hpp"

#include <gtest/gtest.h>

namespace dlock_test {
namespace {

class Linearizability : public testing::Test {
  protected:
    // A call of `owner` that took from `invoked` to `returned`, in milliseconds. An acquire's time
    // was over just then.
    void call(int owner, Operation operation, Outcome outcome, int invoked, int returned) {
        constexpr std::int64_t millisecond = 1000000;
        Record& record = records_[used_++];
        record.owner = owner;
        record.operation = operation;
        record.outcome = outcome;
        record.limit = (returned - invoked) * millisecond;
        record.invoked = invoked * millisecond;
        record.returned = returned * millisecond;
    }
    void drop(int owner, int from) { call(owner, Operation::drop, Outcome::open, from, 0); }
    void gone(int owner, int from, int to) { call(owner, Operation::gone, Outcome::yes, from, to); }

    [[nodiscard]] bool good() const {
        return explain({records_, static_cast<std::size_t>(used_)}).empty();
    }

    static constexpr auto acquire = Operation::acquire;
    static constexpr auto shared = Operation::acquire_shared;
    static constexpr auto release = Operation::release;
    static constexpr auto verify = Operation::verify;
    static constexpr auto yes = Outcome::yes;
    static constexpr auto no = Outcome::no;

  private:
    Record records_[32];
    int used_ = 0;
};

}  // namespace

TEST_F(Linearizability, one_after_the_other) {
    call(1, acquire, yes, 1, 2);
    call(1, verify, yes, 3, 4);
    call(2, acquire, no, 3, 4);
    call(1, release, yes, 5, 6);
    call(2, acquire, yes, 7, 8);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, two_holders_are_one_too_many) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, yes, 3, 4);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, calls_that_overlap_may_go_either_way) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, yes, 3, 10);
    call(1, release, yes, 4, 9);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_waiter_that_was_granted_before_the_release_began) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, yes, 3, 4);
    call(1, release, yes, 5, 6);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_free_lock_must_be_granted) {
    call(1, acquire, no, 1, 2);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_lock_that_was_leaked_by_a_time_out) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, no, 3, 8);
    call(1, release, yes, 4, 5);
    call(3, acquire, no, 9, 10);  // nobody can have it
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, readers_go_together_and_exclude_a_writer) {
    call(1, shared, yes, 1, 2);
    call(2, shared, yes, 3, 4);
    call(3, acquire, no, 5, 6);
    call(1, release, yes, 7, 8);
    call(2, release, yes, 7, 9);
    call(3, acquire, yes, 10, 11);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_writer_beside_a_reader) {
    call(1, shared, yes, 1, 2);
    call(2, acquire, yes, 3, 4);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_dropped_session_loses_its_lock_at_some_time) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    call(2, acquire, no, 4, 5);
    call(2, acquire, yes, 6, 7);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, what_was_granted_before_the_drop) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, yes, 3, 4);
    drop(1, 5);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_dropped_holder_whose_release_succeeds_after_another_was_granted) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    call(2, acquire, yes, 4, 5);
    call(1, release, yes, 6, 7);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_dropped_holder_that_still_believes) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    call(2, acquire, yes, 4, 5);
    call(1, verify, yes, 6, 7);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, an_acquire_that_never_returned_may_hold) {
    call(1, acquire, Outcome::open, 1, 0);
    call(2, acquire, no, 3, 4);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, or_not) {
    call(1, acquire, Outcome::open, 1, 0);
    call(2, acquire, yes, 3, 4);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_failed_acquire_holds_nothing) {
    call(1, acquire, Outcome::failed, 1, 2);
    call(2, acquire, no, 3, 4);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, one_that_failed_with_its_session_may_have_held_for_a_while) {
    call(1, acquire, Outcome::open, 1, 0);
    drop(1, 1);
    call(2, acquire, no, 3, 4);
    call(3, acquire, yes, 5, 6);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_drop_takes_one_hold_and_not_the_next) {
    drop(1, 1);
    call(1, acquire, yes, 2, 3);
    call(1, release, yes, 4, 5);
    call(1, acquire, yes, 6, 7);
    call(2, acquire, yes, 8, 9);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_drop_before_the_hold_takes_it) {
    drop(1, 1);
    call(1, acquire, yes, 2, 3);
    call(2, acquire, yes, 4, 5);
    call(1, release, no, 6, 7);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_release_in_doubt_is_done_before_the_owner_goes_on_or_never) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    call(1, release, Outcome::open, 4, 0);
    call(1, acquire, yes, 5, 6);
    call(2, acquire, yes, 7, 8);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_ghost_that_holds_after_others_have) {
    call(1, acquire, Outcome::open, 1, 0);
    drop(1, 2);
    call(2, acquire, yes, 3, 4);
    call(2, release, yes, 5, 6);
    call(3, acquire, no, 7, 8);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_wait_that_was_not_granted_while_the_lock_was_free) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, no, 3, 30000);
    call(1, release, yes, 4, 5);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_wait_that_was_not_granted_because_the_lock_was_taken_again) {
    call(1, acquire, yes, 1, 2);
    call(2, acquire, no, 3, 30000);
    call(1, release, yes, 4, 5);
    call(3, acquire, yes, 29990, 29991);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_holder_that_lost_its_lock_to_nobody) {
    call(1, acquire, yes, 1, 2);
    call(1, verify, no, 3, 4);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_release_that_finds_the_lock_lost_to_nobody) {
    call(1, acquire, yes, 1, 2);
    call(1, release, no, 3, 4);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_dropped_holder_that_finds_out_and_begins_again) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    call(2, acquire, yes, 4, 5);
    call(1, verify, no, 6, 7);
    call(1, release, no, 8, 9);
    call(1, acquire, no, 10, 11);
    call(2, release, yes, 12, 13);
    call(1, acquire, yes, 14, 15);
    call(1, verify, yes, 16, 17);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_session_that_is_gone_holds_nothing) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    gone(1, 4, 5);
    call(2, acquire, no, 6, 7);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, until_it_is_gone_it_may_hold) {
    call(1, acquire, yes, 1, 2);
    drop(1, 3);
    call(2, acquire, no, 4, 5);
    gone(1, 6, 7);
    call(2, acquire, yes, 8, 9);
    EXPECT_TRUE(good());
}

TEST_F(Linearizability, a_holder_is_not_gone_by_itself) {
    call(1, acquire, yes, 1, 2);
    gone(1, 3, 4);
    EXPECT_FALSE(good());
}

TEST_F(Linearizability, a_release_of_what_is_not_held) {
    call(1, release, yes, 1, 2);
    EXPECT_FALSE(good());
}

}  // namespace dlock_test
