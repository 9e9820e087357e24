// Waits that are cancelled: by a stop token, and on the server.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"
#include "support/gate.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <semaphore>

namespace dlock_test {

class Cancel : public OnEachDatabase {
  protected:
    [[nodiscard]] dlock::LockOptions with_helper(dlock::LockOptions options = {}) {
        options.helper_session = [this] { return GetParam().open(); };
        return options;
    }

    // What it throws, on a thread of its own.
    static auto acquire_in_thread(TestLock& lock, const std::stop_source& stop,
                                  dlock::Wait limit = dlock::forever) {
        return in_thread([&lock, limit, token = stop.get_token()] {
            return thrown([&] { (void)lock.acquire(limit, token); });
        });
    }

    // Nothing was left behind: nobody waits, and whoever holds the lock is the only one.
    void expect_free_after(TestLock& holder) {
        wait_for_waiters(holder, 0);
        holder.release();
        EXPECT_TRUE(is_free());
    }

    void stop_a_wait(dlock::LockOptions options) {
        const auto holder = lock_b();
        holder->lock();
        const auto lock = lock_a(std::move(options));
        std::stop_source stop;
        auto waiting = acquire_in_thread(*lock, stop);
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
    auto waiting = acquire_in_thread(*lock, stop);
    wait_for_waiters(*holder, 1);
    stop.request_stop();
    EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
    EXPECT_GT(asked, 0);
    EXPECT_FALSE(lock->locked());
    expect_free_after(*holder);
}

TEST_P(Cancel, a_stop_on_a_silent_network_ends_the_connection) {
    if (!GetParam().is_native() || GetParam().is_sqlite()) {
        GTEST_SKIP() << "the connection cannot be ended on this side";
    }
    const auto holder = lock_b();
    holder->lock();
    std::optional<Gate> gate(std::in_place, GetParam());
    const Database through_gate = gate->database();
    const auto gated = through_gate.open();
    const auto lock =
        make_lock(*gated, key_, {.helper_session = [through_gate] { return through_gate.open(); }});
    const auto other = make_lock(*gated, unique_key("other"));
    other->lock();
    std::stop_source stop;
    auto waiting = acquire_in_thread(*lock, stop);
    wait_for_waiters(*holder, 1);
    gate->cut(Gate::Ending::silence);
    const auto start = std::chrono::steady_clock::now();
    auto stopping = in_thread([&] { stop.request_stop(); });
    EXPECT_EQ(waiting.wait_for(30s), std::future_status::ready) << "the cancel hangs";
    EXPECT_EQ(stopping.wait_for(30s), std::future_status::ready);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 4s);
    gate.reset();
    EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
    EXPECT_FALSE(lock->locked());
    EXPECT_FALSE(other->locked()) << "the session is closed";
    expect_free_after(*holder);
}

TEST_P(Cancel, a_stop_on_a_silent_network_ends_a_try_and_needs_no_helper) {
    if (!GetParam().is_native() || GetParam().is_sqlite()) {
        GTEST_SKIP() << "the connection cannot be ended on this side";
    }
    for (const bool busy : {false, true}) {
        const dlock::Wait limit = busy ? dlock::Wait(dlock::forever) : dlock::no_wait;
        SCOPED_TRACE(busy ? "in a wait" : "in a try");
        const auto holder = lock_b();
        Gate gate(GetParam());
        const auto gated = gate.database().open();
        const auto lock = make_lock(*gated, key_);
        EXPECT_TRUE(lock->try_lock());  // what the session is asked once
        lock->release();
        if (busy) {
            holder->lock();
        } else {
            gate.cut_after(Gate::Way::to_server, 1, Gate::Ending::silence);
        }
        std::stop_source stop;
        auto waiting = acquire_in_thread(*lock, stop, limit);
        if (busy) {
            wait_for_waiters(*holder, 1);
            gate.cut(Gate::Ending::silence);
        } else {
            EXPECT_TRUE(eventually([&] { return gate.cuts() == 1; }));
        }
        stop.request_stop();
        EXPECT_EQ(waiting.wait_for(30s), std::future_status::ready);
        EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
        EXPECT_FALSE(lock->locked());
    }
}

// By then the helper's server may be another one, where the session's number is a stranger's.
TEST_P(Cancel, a_helper_session_that_comes_too_late_kills_nothing) {
    if (!GetParam().is_mysql() || !GetParam().is_native()) {
        GTEST_SKIP() << "needs no other session to cancel";
    }
    const auto holder = lock_b();
    holder->lock();
    Gate gate(GetParam());
    std::binary_semaphore hangs{0};
    std::atomic<long> opened = -1;
    auto alive = std::make_shared<int>();
    const std::weak_ptr<int> in_use = alive;
    dlock::LockOptions options;
    options.helper_session = [&, alive = std::move(alive)] {
        hangs.acquire();
        auto session = gate.database().open();
        opened = gate.round_trips();
        return session;
    };
    {
        const auto lock = lock_a(std::move(options));
        std::stop_source stop;
        auto waiting = acquire_in_thread(*lock, stop);
        wait_for_waiters(*holder, 1);
        stop.request_stop();
        EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
    }
    hangs.release();
    EXPECT_TRUE(eventually([&] { return in_use.expired(); }));
    EXPECT_GE(opened, 0);
    EXPECT_LE(gate.round_trips() - opened, 1) << "it closes the session";
}

TEST_P(Cancel, a_stop_ends_a_polling_wait) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a({.wait = dlock::WaitStrategy::polling, .poll_interval = 1h});
    std::stop_source stop;
    auto waiting = acquire_in_thread(*lock, stop);
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
