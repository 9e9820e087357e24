// Acquire and release, and what they answer in each state.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <mutex>
#include <shared_mutex>

namespace dlock_test {

class Acquire : public OnEachDatabase {};
DLOCK_ON_EACH_DATABASE(Acquire);

TEST_P(Acquire, excludes_another_session_until_released) {
    const auto first = lock_a();
    const auto second = lock_b();
    EXPECT_TRUE(first->acquire());
    EXPECT_TRUE(first->locked());
    EXPECT_FALSE(second->try_lock());
    EXPECT_FALSE(second->locked());
    first->release();
    EXPECT_FALSE(first->locked());
    EXPECT_TRUE(second->try_lock());
}

TEST_P(Acquire, a_timeout_returns_false_never_early_and_holds_nothing) {
    const auto first = lock_a();
    const auto second = lock_b();
    first->lock();
    for (const auto wait : {1ms, 120ms}) {
        const auto start = std::chrono::steady_clock::now();
        EXPECT_FALSE(second->try_lock_for(wait));
        EXPECT_GE(std::chrono::steady_clock::now() - start, wait);
    }
    first->release();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, zero_and_negative_timeouts_are_one_try) {
    const auto first = lock_a();
    const auto second = lock_b();
    first->lock();
    EXPECT_FALSE(second->try_lock_for(0s));
    EXPECT_FALSE(second->try_lock_for(-1h));
    EXPECT_FALSE(second->try_lock_until(std::chrono::steady_clock::time_point::min()));
    EXPECT_FALSE(second->acquire(dlock::no_wait));
    first->release();
    EXPECT_TRUE(second->try_lock_for(-1s));
}

TEST_P(Acquire, timeouts_too_long_to_count_are_waits_without_limit) {
    const auto lock = lock_a();
    EXPECT_TRUE(lock->try_lock_for(std::chrono::hours::max()));
    lock->release();
    EXPECT_TRUE(lock->try_lock_until(std::chrono::system_clock::time_point::max()));
}

TEST_P(Acquire, a_timed_wait_is_granted_when_the_holder_releases) {
    const auto first = lock_a();
    const auto second = lock_b();
    first->lock();
    auto waiting = in_thread([&] { return second->try_lock_for(30s); });
    wait_for_waiters(*first, 1);
    first->release();
    EXPECT_TRUE(waiting.get());
    EXPECT_TRUE(second->verify());
}

TEST_P(Acquire, an_unlimited_wait_is_granted_when_the_holder_releases) {
    const auto first = lock_a();
    const auto second = lock_b();
    first->lock();
    auto waiting = in_thread([&] { second->lock(); });
    wait_for_waiters(*first, 1);
    first->release();
    waiting.get();
    EXPECT_TRUE(second->locked());
}

TEST_P(Acquire, polling_waits_are_granted_and_time_out_at_the_deadline) {
    const dlock::LockOptions polling{.wait = dlock::WaitStrategy::polling, .poll_interval = 1h};
    const auto first = lock_a();
    const auto second = lock_b(polling);
    first->lock();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(second->try_lock_for(100ms));  // the last pause is clipped to the deadline
    EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1min);
    auto quick = polling;
    quick.poll_interval = 2ms;
    const auto third = lock_b(quick);
    auto waiting = in_thread([&] { return third->try_lock_for(30s); });
    first->release();
    EXPECT_TRUE(waiting.get());
}

TEST_P(Acquire, the_same_object_twice_is_refused) {
    const auto lock = lock_a();
    lock->lock();
    EXPECT_EQ(thrown([&] { lock->lock(); }), dlock::errc::already_locked);
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::already_locked);
    EXPECT_TRUE(lock->locked());
    lock->release();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, the_same_session_twice_is_refused_and_changes_nothing) {
    const auto lock = lock_a();
    const auto twin = lock_a();
    lock->lock();
    EXPECT_EQ(thrown([&] { (void)twin->try_lock(); }), dlock::errc::already_locked);
    EXPECT_EQ(thrown([&] { (void)twin->try_lock_for(10ms); }), dlock::errc::already_locked);
    EXPECT_FALSE(is_free());
    lock->release();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, counted_re_entrancy_needs_as_many_releases) {
    const dlock::LockOptions counted{.reentrancy = dlock::Reentrancy::counted};
    const auto lock = lock_a(counted);
    const auto twin = lock_a(counted);
    lock->lock();
    lock->lock();
    EXPECT_TRUE(twin->try_lock());
    lock->release();
    EXPECT_TRUE(lock->locked());
    lock->release();
    EXPECT_FALSE(lock->locked());
    EXPECT_FALSE(is_free());
    twin->release();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, a_counted_lock_that_was_taken_twice_is_free_when_it_is_destroyed) {
    {
        const auto lock = lock_a({.reentrancy = dlock::Reentrancy::counted});
        lock->lock();
        lock->lock();
    }
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, release_of_a_lock_that_is_not_held_is_an_error) {
    const auto lock = lock_a();
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::not_locked);
    std::error_code error;
    lock->release(error);
    EXPECT_EQ(error, std::errc::operation_not_permitted);
    lock->close();
    lock->lock();
    lock->close();
    lock->close();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, unlock_never_throws_and_reports_to_the_hook) {
    int calls = 0;
    const auto lock = lock_a({.on_error = [&](const dlock::LockError& error) {
        ++calls;
        EXPECT_EQ(error.which(), dlock::errc::not_locked);
        throw 42;
    }});
    lock->unlock();
    EXPECT_EQ(calls, 1);
    ASSERT_TRUE(lock->last_error().has_value());
    EXPECT_EQ(lock->last_error()->which(), dlock::errc::not_locked);
    EXPECT_EQ(lock->last_error()->key(), key_);
}

TEST_P(Acquire, the_error_code_twins_do_not_throw) {
    const auto lock = lock_a();
    std::error_code error = std::make_error_code(std::errc::io_error);
    EXPECT_TRUE(lock->acquire(dlock::no_wait, error));
    EXPECT_FALSE(error);
    EXPECT_FALSE(lock->acquire(dlock::no_wait, error));
    EXPECT_EQ(error, dlock::errc::already_locked);
    const auto other = lock_b();
    EXPECT_FALSE(other->acquire(dlock::no_wait, error));
    EXPECT_FALSE(error) << "a time-out is no error";
    EXPECT_TRUE(lock->verify(error));
    EXPECT_FALSE(error);
    lock->release(error);
    EXPECT_FALSE(error);
    lock->close(error);
    EXPECT_FALSE(error);
}

TEST_P(Acquire, the_destructor_releases) {
    lock_a()->lock();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, the_destructor_releases_also_when_an_exception_is_under_way) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    try {
        const dlock::ScopedLock guard(*a_, key_);
        EXPECT_FALSE(is_free());
        throw std::runtime_error("the user's own");
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "the user's own");
    }
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, a_scoped_lock_that_times_out_names_the_key) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    const dlock::ScopedLock holder(*a_, key_);
    for (const auto timeout : {-5ms, 0ms, 30ms}) {
        try {
            const dlock::ScopedLock guard(*b_, key_, {.timeout = timeout});
            ADD_FAILURE() << "granted twice";
        } catch (const dlock::LockError& error) {
            EXPECT_EQ(error.code(), std::errc::timed_out);
            EXPECT_NE(std::string(error.what()).find(key_), std::string::npos);
            EXPECT_EQ(error.key(), key_);
            EXPECT_EQ(error.retry(), dlock::Retry::same_call);
        }
    }
}

TEST_P(Acquire, a_scoped_lock_can_be_released_early) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    dlock::ScopedLock guard(*a_, key_, {.timeout = 1s});
    EXPECT_TRUE(guard.lock().locked());
    guard.release();
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, the_standard_lock_types_work) {
    const auto first = lock_a();
    const auto other_key = unique_key();
    const auto second = make_lock(*b_, other_key);
    {
        const std::scoped_lock both(*first, *second);
        EXPECT_TRUE(first->locked());
        EXPECT_TRUE(second->locked());
    }
    {
        std::unique_lock guard(*first, std::defer_lock);
        EXPECT_TRUE(guard.try_lock_for(1s));
        EXPECT_FALSE(is_free());
    }
    { const std::lock_guard guard(*first); }
    if (has_shared()) {
        const std::shared_lock guard(*first);
        EXPECT_TRUE(first->locked());
    }
    EXPECT_TRUE(is_free());
}

TEST_P(Acquire, verify_asks_the_server) {
    const auto lock = lock_a();
    EXPECT_FALSE(lock->verify());
    lock->lock();
    EXPECT_TRUE(lock->verify());
    EXPECT_EQ(view().holders(lock->actual_key()), 1);
    lock->release();
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(view().holders(lock->actual_key()), 0);
}

TEST_P(Acquire, many_locks_in_one_session_are_independent) {
    std::vector<std::unique_ptr<TestLock>> locks;
    for (int i = 0; i < 200; ++i) {
        locks.push_back(make_lock(*a_, key_ + "/" + std::to_string(i)));
        ASSERT_TRUE(locks.back()->try_lock());
    }
    const auto probe = make_lock(*b_, key_ + "/77");
    EXPECT_FALSE(probe->try_lock());
    locks[77]->release();
    EXPECT_TRUE(probe->try_lock());
    EXPECT_TRUE(locks[78]->verify());
}

}  // namespace dlock_test
