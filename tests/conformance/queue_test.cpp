// Many waiters of one process on one key, and the fairness of waits.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

namespace dlock_test {

class Queue : public OnEachDatabase {};
DLOCK_ON_EACH_DATABASE(Queue);

TEST_P(Queue, one_waiter_of_a_process_stands_in_the_servers_queue) {
    if (!queues_locally()) {
        GTEST_SKIP() << "nothing tells whether a transaction is open, so nobody queues locally";
    }
    const int count = GetParam().is_postgresql() ? 400 : 40;
    const auto holder = lock_a();
    holder->lock();
    std::atomic<int> inside{0};
    std::atomic<int> granted{0};
    std::atomic<int> waiting{0};
    std::vector<std::future<void>> threads;
    std::vector<std::unique_ptr<soci::session>> sessions;
    for (int i = 0; i < count; ++i) {
        sessions.push_back(GetParam().open());
    }
    for (int i = 0; i < count; ++i) {
        threads.push_back(in_thread([&, i] {
            const auto lock = make_lock(*sessions[static_cast<std::size_t>(i)], key_);
            ++waiting;
            lock->lock();
            EXPECT_EQ(++inside, 1);
            --inside;
            ++granted;
            lock->release();
        }));
    }
    int most = 0;
    ASSERT_TRUE(eventually([&] { return waiting == count; }));
    wait_for_waiters(*holder, 1);
    holder->release();
    ASSERT_TRUE(eventually(
        [&] {
            if (GetParam().is_postgresql()) {  // whose view is of one moment; a process list is not
                most = std::max(most, view().waiters(holder->actual_key()));
            }
            return granted == count;
        },
        60s));
    for (auto& thread : threads) {
        thread.get();
    }
    EXPECT_LE(most, 1);
}

TEST_P(Queue, a_waiter_that_gives_up_passes_its_turn_on) {
    const auto holder = lock_a();
    holder->lock();
    const auto session = GetParam().open();
    const auto last = make_lock(*session, key_);
    const auto first = lock_b();
    auto giving_up = in_thread([&] { return first->try_lock_for(3s); });
    wait_for_waiters(*holder, 1);
    auto waiting = in_thread([&] { return last->try_lock_for(30s); });
    EXPECT_FALSE(giving_up.get());
    wait_for_waiters(*holder, 1);
    holder->release();
    EXPECT_TRUE(waiting.get());
}

TEST_P(Queue, a_wait_in_the_local_queue_ends_at_its_deadline_and_by_a_stop) {
    const auto holder = lock_a();
    holder->lock();
    const auto front = lock_b();
    auto in_server = in_thread([&] { return front->try_lock_for(30s); });
    wait_for_waiters(*holder, 1);
    const auto session = GetParam().open();
    const auto queued = make_lock(*session, key_);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(queued->try_lock_for(100ms));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
    std::stop_source stop;
    auto stopped = in_thread(
        [&] { return thrown([&] { (void)queued->acquire(dlock::forever, stop.get_token()); }); });
    stop.request_stop();
    EXPECT_EQ(stopped.get(), dlock::errc::cancelled);
    holder->release();
    EXPECT_TRUE(in_server.get());
}

TEST_P(Queue, staggered_readers_that_hold_longer_than_a_slice_do_not_starve_a_writer) {
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    // The readers overlap, so the key is never free by itself.
    std::atomic<bool> done{false};
    std::atomic<int> reads{0};
    const auto read = [&] {
        const auto session = GetParam().open();
        const auto lock = make_lock(*session, key_, {.shared = true, .local_queue = false});
        while (!done) {
            if (lock->try_lock_for(20s)) {
                ++reads;
                const auto end = std::chrono::steady_clock::now() + 250ms;
                (void)eventually([&] { return done || std::chrono::steady_clock::now() > end; });
                lock->release();
            }
        }
    };
    std::vector<std::future<void>> readers;
    readers.push_back(in_thread(read));
    ASSERT_TRUE(eventually([&] { return reads >= 1; }));
    const auto stagger = std::chrono::steady_clock::now() + 120ms;
    ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > stagger; }));
    readers.push_back(in_thread(read));
    ASSERT_TRUE(eventually([&] { return reads >= 2; }));
    const auto writer = lock_a({.slice = 100ms, .local_queue = false});
    EXPECT_TRUE(writer->try_lock_for(20s));
    done = true;
    writer->close();
    for (auto& reader : readers) {
        reader.get();
    }
}

}  // namespace dlock_test
