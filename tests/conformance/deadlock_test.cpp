// Two sessions that cross two keys.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <array>
#include <atomic>

namespace dlock_test {

class Deadlock : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        if (!dlock::capabilities(*a_).deadlock_detection) {
            GTEST_SKIP() << "nobody looks for deadlocks: use time-outs";
        }
    }

    // On MySQL and MariaDB both may be victims, in the wait and in the one that follows it, if they
    // close the circle within microseconds twice; hardly three times in a row.
    void cross(const dlock::LockOptions& options) {
        int victims = 0;
        for (int i = 0; i < (GetParam().is_mysql() ? 3 : 1) && victims != 1; ++i) {
            victims = cross_once(options);
        }
        EXPECT_EQ(victims, 1);
    }

  private:
    // Each of two sessions holds one key and waits without limit for the other's. A victim gives
    // its own back, so that the other one goes on. Returns how many victims there were.
    int cross_once(const dlock::LockOptions& options) {
        const std::array<std::string, 2> keys{unique_key(), unique_key()};
        const std::array<soci::session*, 2> sessions{a_.get(), b_.get()};
        std::atomic<int> deadlocks{0};
        std::atomic<int> grants{0};
        std::atomic<int> holding{0};
        const auto work = [&](int me) {
            soci::session& sql = *sessions[static_cast<std::size_t>(me)];
            if (options.xact) {
                begin(sql);
            }
            const auto mine = make_lock(sql, keys[static_cast<std::size_t>(me)], options);
            const auto other = make_lock(sql, keys[static_cast<std::size_t>(1 - me)], options);
            mine->lock();
            ++holding;
            ASSERT_TRUE(eventually([&] { return holding == 2; }));
            try {
                other->lock();
                ++grants;
            } catch (const dlock::LockError& error) {
                EXPECT_EQ(error.which(), dlock::errc::deadlock) << error.what();
                EXPECT_EQ(error.code(), std::errc::resource_deadlock_would_occur);
                EXPECT_FALSE(error.spoils_session());
                EXPECT_FALSE(other->locked());
                EXPECT_TRUE(mine->verify()) << "the victim keeps what it has";
                ++deadlocks;
            }
            if (options.xact) {
                rollback(sql);
            } else {
                mine->release();
                other->close();
            }
        };
        auto second = in_thread([&] { work(1); });
        work(0);
        second.get();
        EXPECT_EQ(grants + deadlocks, 2);
        return deadlocks;
    }
};
DLOCK_ON_EACH_DATABASE(Deadlock);

TEST_P(Deadlock, of_session_locks_has_exactly_one_victim) {
    cross({});
}

TEST_P(Deadlock, of_session_locks_without_the_local_queue_has_exactly_one_victim) {
    cross({.local_queue = false});
}

TEST_P(Deadlock, of_transaction_locks_has_exactly_one_victim) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    cross({.xact = true});
}

TEST_P(Deadlock, is_found_however_short_the_slices_are) {
    cross({.slice = 50ms});
}

TEST_P(Deadlock, is_found_with_other_waiters_in_the_local_queue) {
    // Waiters of this process that hold nothing queue locally for both keys all the while.
    const auto key = key_;
    const auto holder = lock_a();
    holder->lock();
    std::vector<std::future<void>> waiters;
    for (int i = 0; i < 3; ++i) {
        waiters.push_back(in_thread([&] {
            const auto session = GetParam().open();
            const auto lock = make_lock(*session, key);
            lock->lock();
        }));
    }
    wait_for_waiters(*holder, queues_locally() ? 1 : 3);
    cross({});
    holder->release();
    for (auto& waiter : waiters) {
        waiter.get();
    }
}

TEST_P(Deadlock, a_thread_that_would_wait_for_itself_is_told) {
    if (is_async()) {
        GTEST_SKIP() << "an asynchronous wait blocks no thread";
    }
    const auto first = lock_a();
    const auto second = lock_b();
    first->lock();
    EXPECT_EQ(thrown([&] { second->lock(); }), dlock::errc::deadlock);
    EXPECT_FALSE(second->try_lock_for(10ms)) << "a bounded wait just times out";
    first->release();
    EXPECT_TRUE(second->try_lock());
}

}  // namespace dlock_test
