// Waits that are cancelled: by a stop token, and on the server.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <atomic>

namespace dlock_test {

class Cancel : public OnEachDatabase {
  protected:
    [[nodiscard]] dlock::LockOptions with_helper(dlock::LockOptions options = {}) {
        options.helper_session = [this] { return GetParam().open(); };
        return options;
    }

    void stop_a_wait(dlock::LockOptions options) {
        const auto holder = lock_b();
        holder->lock();
        const auto lock = lock_a(std::move(options));
        std::stop_source stop;
        auto waiting = in_thread(
            [&] { return thrown([&] { (void)lock->acquire(dlock::forever, stop.get_token()); }); });
        wait_for_waiters(*holder, 1);
        stop.request_stop();
        EXPECT_EQ(waiting.get(), dlock::errc::cancelled);
        EXPECT_FALSE(lock->locked());
        int one = 0;
        *a_ << "select 1", soci::into(one);
        EXPECT_EQ(one, 1);
        holder->release();
        EXPECT_TRUE(is_free()) << "the cancelled wait left a lock behind";
        EXPECT_TRUE(lock->try_lock()) << "the lock can be used again";
    }
};
DLOCK_ON_EACH_DATABASE(Cancel);

TEST_P(Cancel, a_stop_before_the_call_sends_nothing) {
    if (is_async()) {
        GTEST_SKIP() << "Asio knows no cancellation before the start";
    }
    const auto lock = lock_a();
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(thrown([&] { (void)lock->acquire(dlock::forever, stop.get_token()); }),
              dlock::errc::cancelled);
    std::error_code error;
    EXPECT_FALSE(lock->acquire(dlock::no_wait, stop.get_token(), error));
    EXPECT_EQ(error, std::errc::operation_canceled);
    EXPECT_TRUE(is_free());
}

TEST_P(Cancel, a_stop_ends_a_wait) {
    stop_a_wait(with_helper());
}

TEST_P(Cancel, a_stop_ends_a_wait_without_a_helper_session) {
    stop_a_wait({});
}

TEST_P(Cancel, a_stop_that_cannot_reach_the_server_ends_the_connection) {
    if (!GetParam().is_mysql() || !GetParam().is_native()) {
        GTEST_SKIP() << "needs no other session to cancel";
    }
    if (is_async()) {
        GTEST_SKIP() << "tests/asio has it";
    }
    const auto holder = lock_b();
    holder->lock();
    std::atomic<int> asked{0};
    dlock::LockOptions options;
    options.helper_session = [&]() -> std::unique_ptr<soci::session> {
        ++asked;
        throw soci::soci_error("too many connections");
    };
    const auto lock = lock_a(options);
    std::stop_source stop;
    auto waiting = in_thread(
        [&] { return thrown([&] { (void)lock->acquire(dlock::forever, stop.get_token()); }); });
    wait_for_waiters(*holder, 1);
    stop.request_stop();
    EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
    EXPECT_GT(asked, 0);
    EXPECT_FALSE(lock->locked());
    wait_for_waiters(*holder, 0);
    holder->release();
    EXPECT_TRUE(is_free());
}

TEST_P(Cancel, a_stop_ends_a_polling_wait) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a({.wait = dlock::WaitStrategy::polling, .poll_interval = 1h});
    std::stop_source stop;
    auto waiting = in_thread(
        [&] { return thrown([&] { (void)lock->acquire(dlock::forever, stop.get_token()); }); });
    stop.request_stop();
    EXPECT_EQ(waiting.get(), dlock::errc::cancelled);
}

TEST_P(Cancel, a_stop_ends_a_wait_in_a_transaction_and_the_transaction_goes_on) {
    soci::transaction transaction(*a_);
    stop_a_wait(with_helper());
    transaction.commit();
}

TEST_P(Cancel, stops_at_any_moment_leave_nothing_behind) {
    const auto holder = lock_b();
    const auto lock = lock_a(with_helper());
    int cancelled = 0;
    for (int i = 0; i < 60; ++i) {
        holder->lock();
        std::stop_source stop;
        auto waiting = in_thread([&]() -> bool {
            try {
                return lock->acquire(dlock::forever, stop.get_token());
            } catch (const dlock::LockError& error) {
                EXPECT_EQ(error.which(), dlock::errc::cancelled) << error.what();
                ++cancelled;
                return false;
            }
        });
        // Release and stop race, one ahead of the other in turn.
        auto releasing = in_thread([&] { holder->release(); });
        const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(i * 40);
        while (std::chrono::steady_clock::now() < end) {
        }
        stop.request_stop();
        releasing.get();
        if (waiting.get()) {
            EXPECT_TRUE(lock->verify());
            lock->release();
        }
        ASSERT_TRUE(is_free()) << "in round " << i;
    }
    EXPECT_GT(cancelled, 0);
}

TEST_P(Cancel, a_wait_that_is_cancelled_on_the_server_asks_again) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no server";
    }
    const long long id = view().session_id(*a_);
    const auto holder = lock_b();
    const auto lock = lock_a();
    holder->lock();
    auto waiting = in_thread([&] { return lock->try_lock_for(30s); });
    for (int i = 0; i < 3; ++i) {
        wait_for_waiters(*holder, 1);
        view().cancel(id);
    }
    wait_for_waiters(*holder, 1);
    holder->release();
    EXPECT_TRUE(waiting.get());
    EXPECT_TRUE(lock->verify());
    lock->release();
    EXPECT_TRUE(is_free());
}

}  // namespace dlock_test
