// Real processes that contend, and that are killed.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"
#include "support/workers.hpp"

#include <signal.h>

#include <algorithm>

namespace dlock_test {
class Processes : public OnEachDatabase {
  protected:
    void SetUp() override {
        if (GetParam().is_simulated()) {
            GTEST_SKIP() << "a simulated server lives in one process";
        }
        OnEachDatabase::SetUp();
    }

    void contend(std::chrono::microseconds hold, long long grants) {
        constexpr int count = 8;
        Workers workers(DLOCK_TEST_WORKER, GetParam(), key_);
        for (int i = 0; i < count; ++i) {
            workers.add("loop", hold);
        }
        ASSERT_TRUE(workers.run_until(grants));
        EXPECT_EQ(workers.ledger().overlaps(), 0);
        long long least = grants;
        std::string shares;
        for (int i = 0; i < count; ++i) {
            least = std::min(least, workers.ledger().grants(i));
            shares += std::to_string(workers.ledger().grants(i)) + " ";
        }
        EXPECT_GE(least * 2, workers.total() / count) << "shares: " << shares;
        RecordProperty("shares", shares);
    }
};
DLOCK_ON_EACH_DATABASE(Processes);

TEST_P(Processes, eight_exclude_each_other_and_share_fairly_with_empty_critical_sections) {
    if (is_async()) {
        GTEST_SKIP() << "the worker processes are blocking";
    }
    // Enough for the scheduler's turns not to decide: SQLite grants 100,000 in a second.
    contend(0us, GetParam().is_sqlite() ? 400000 : 20000);
}

TEST_P(Processes, eight_exclude_each_other_and_share_fairly_with_short_critical_sections) {
    if (is_async()) {
        GTEST_SKIP() << "the worker processes are blocking";
    }
    contend(1000us, 1600);
}

TEST_P(Processes, readers_and_writers_exclude_each_other) {
    if (is_async()) {
        GTEST_SKIP() << "the worker processes are blocking";
    }
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    Workers workers(DLOCK_TEST_WORKER, GetParam(), key_);
    for (int i = 0; i < 4; ++i) {
        workers.add("shared", 500us);
    }
    for (int i = 0; i < 2; ++i) {
        workers.add("loop", 500us);
    }
    ASSERT_TRUE(workers.run_until(2000));
    EXPECT_EQ(workers.ledger().overlaps(), 0);
    for (int i = 0; i < 6; ++i) {
        EXPECT_GT(workers.ledger().grants(i), 0) << "worker " << i << " starved";
    }
}

TEST_P(Processes, a_waiter_is_granted_when_the_holder_is_killed) {
    Workers workers(DLOCK_TEST_WORKER, GetParam(), key_);
    workers.add("hold", 0us);
    ASSERT_TRUE(eventually([&] { return workers.ledger().ready_count() == 1; }));
    const auto lock = lock_a();
    EXPECT_FALSE(lock->try_lock());
    auto waiting = in_thread([&] { return lock->try_lock_for(20s); });
    wait_for_waiters(*lock, 1);
    kill(workers.pid(0), SIGKILL);
    EXPECT_TRUE(waiting.get());
}

TEST_P(Processes, a_killed_waiter_leaves_the_queue) {
    const auto lock = lock_a();
    lock->lock();
    Workers workers(DLOCK_TEST_WORKER, GetParam(), key_);
    workers.add("hold", 0us);
    wait_for_waiters(*lock, 1);
    kill(workers.pid(0), SIGKILL);
    if (!GetParam().is_sqlite()) {
        EXPECT_TRUE(eventually([&] { return view().waiters(lock->actual_key()) == 0; }))
            << "a ghost stands in the queue";
    }
    lock->release();
    EXPECT_TRUE(eventually([&] { return is_free(); }));
}

}  // namespace dlock_test
