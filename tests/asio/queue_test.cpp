// Many waiters of one process: the local queue, its order, and threads beside callbacks.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <vector>

namespace dlock_test {

class AsioQueue : public AsioTest {
  protected:
    struct Waiter {
        std::unique_ptr<soci::session> session;
        std::unique_ptr<dlock::BaseLock> lock;
        net::cancellation_signal signal;
        Answer answer;
    };

    Waiter& add(dlock::LockOptions options = {}) {
        auto made = std::make_unique<Waiter>();
        made->session = GetParam().open();
        made->lock = dlock::create_lock(*made->session, key_, std::move(options));
        waiters_.push_back(std::move(made));
        return *waiters_.back();
    }
    // Starts it, and lets it find the lock held.
    void start(Waiter& waiter) {
        dlock::async_acquire(
            *waiter.lock, 60s,
            net::bind_executor(
                io_, net::bind_cancellation_slot(waiter.signal.slot(), waiter.answer.handler())));
        io_.restart();
        io_.poll();
    }

    std::vector<std::unique_ptr<Waiter>> waiters_;
};
DLOCK_ASIO_ON_EACH_DATABASE(AsioQueue);

TEST_P(AsioQueue, one_waiter_stands_in_the_server_and_each_gets_its_turn) {
    if (!queues_locally()) {
        GTEST_SKIP() << "no local queue: this client does not tell that no transaction is open";
    }
    const auto holder = lock_a();
    holder->lock();
    constexpr int count = 12;
    for (int i = 0; i < count; ++i) {
        add();
    }
    for (const auto& waiter : waiters_) {
        start(*waiter);
    }
    run_until_waiting(*holder, 1);
    holder->release();
    std::vector<bool> served(count);
    for (int turn = 0; turn < count; ++turn) {
        int now = -1;
        run_until([&] {
            for (int i = 0; i < count; ++i) {
                if (waiters_[i]->answer.came() && !served[i]) {
                    now = i;
                }
            }
            return now >= 0;
        });
        ASSERT_GE(now, 0);
        served[now] = true;
        EXPECT_TRUE(waiters_[now]->answer.held) << waiters_[now]->answer.error.message();
        EXPECT_EQ(view().holders(holder->actual_key()), 1);
        waiters_[now]->lock->release();
    }
    for (const auto& waiter : waiters_) {
        EXPECT_EQ(waiter->answer.calls, 1);
    }
    EXPECT_TRUE(is_free());
}

TEST_P(AsioQueue, shared_waiters_have_their_turn_together) {
    if (!has_shared() || !queues_locally()) {
        GTEST_SKIP() << "there is no shared mode, or no queue";
    }
    const auto holder = lock_a();
    holder->lock();
    constexpr int count = 4;
    for (int i = 0; i < count; ++i) {
        start(add({.shared = true}));
    }
    run_until_waiting(*holder, count);
    holder->release();
    for (const auto& waiter : waiters_) {
        run_until(waiter->answer);
        EXPECT_TRUE(waiter->answer.held) << waiter->answer.error.message();
    }
    for (const auto& waiter : waiters_) {
        EXPECT_TRUE(waiter->lock->verify());
        waiter->lock->release();
    }
    EXPECT_TRUE(is_free());
}

TEST_P(AsioQueue, a_waiter_that_is_cancelled_passes_its_turn_on) {
    const auto holder = lock_a();
    holder->lock();
    for (int i = 0; i < 4; ++i) {
        start(add(with_helper()));
    }
    // All are cancelled but the third, in the server and in the queue.
    for (const int i : {0, 3, 1}) {
        waiters_[i]->signal.emit(net::cancellation_type::total);
        run_until(waiters_[i]->answer);
        EXPECT_TRUE(waiters_[i]->answer.was_aborted()) << waiters_[i]->answer.error.message();
    }
    run_until_waiting(*holder, 1);
    holder->release();
    run_until(waiters_[2]->answer);
    EXPECT_TRUE(waiters_[2]->answer.held) << waiters_[2]->answer.error.message();
    EXPECT_TRUE(waiters_[2]->lock->verify());
    waiters_[2]->lock->release();
    EXPECT_TRUE(is_free());
}

TEST_P(AsioQueue, threads_and_callbacks_wait_for_the_same_key) {
    const auto holder = lock_a();
    holder->lock();
    constexpr int callbacks = 4;
    constexpr int threads = 4;
    for (int i = 0; i < callbacks; ++i) {
        start(add());
    }
    std::atomic<int> inside{0};
    std::vector<std::future<bool>> blocked;
    for (int i = 0; i < threads; ++i) {
        blocked.push_back(in_thread([&] {
            const auto session = GetParam().open();
            const auto lock = dlock::create_lock(*session, key_);
            const bool held = lock->try_lock_for(60s);
            EXPECT_EQ(++inside, 1);
            --inside;
            if (held) {
                lock->release();
            }
            return held;
        }));
    }
    run_until_waiting(*holder, queues_locally() ? 1 : callbacks + threads);
    holder->release();
    int served = 0;
    run_until([&] {
        for (const auto& waiter : waiters_) {
            if (waiter->answer.came() && waiter->lock->locked()) {
                EXPECT_EQ(++inside, 1);
                --inside;
                ++served;
                waiter->lock->release();
            }
        }
        return served == callbacks;
    });
    for (auto& thread : blocked) {
        EXPECT_TRUE(thread.get());
    }
    EXPECT_TRUE(is_free());
}

}  // namespace dlock_test
