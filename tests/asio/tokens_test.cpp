// Completion tokens: what Asio has of them works.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

namespace dlock_test {

class AsioTokens : public AsioTest {
  protected:
    // Runs a coroutine to its end; what it throws is thrown here.
    void run(net::awaitable<void> coroutine) {
        auto result = net::co_spawn(io_, std::move(coroutine), net::use_future);
        io_.restart();
        io_.run();
        result.get();
    }
};
DLOCK_ASIO_ON_EACH_DATABASE(AsioTokens);

TEST_P(AsioTokens, a_callback_in_the_loop_of_its_executor) {
    const auto lock = lock_a();
    Answer taken;
    dlock::async_acquire(*lock, 5s, only_to(taken));
    EXPECT_EQ(taken.calls, 0);
    io_.run();
    EXPECT_EQ(taken.calls, 1);
    EXPECT_FALSE(taken.error) << taken.error.message();
    EXPECT_TRUE(taken.held);
    EXPECT_EQ(view().holders(lock->actual_key()), 1);

    Answer verified;
    dlock::async_verify(*lock, only_to(verified));
    io_.restart();
    io_.run();
    EXPECT_TRUE(verified.held);

    Answer released;
    dlock::async_release(*lock, only_to(released));
    io_.restart();
    io_.run();
    EXPECT_EQ(released.calls, 1);
    EXPECT_FALSE(released.error) << released.error.message();
    EXPECT_TRUE(is_free());
}

TEST_P(AsioTokens, a_callback_without_an_executor_runs_somewhere_else) {
    const auto lock = lock_a();
    std::promise<std::thread::id> where;
    dlock::async_acquire(*lock, [&](error_code error, bool held) {
        EXPECT_TRUE(!error && held) << error.message();
        where.set_value(std::this_thread::get_id());
    });
    EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
    EXPECT_TRUE(lock->locked());
}

TEST_P(AsioTokens, futures) {
    const auto lock = lock_a();
    auto taken = dlock::async_acquire(*lock, 5s, net::use_future);
    EXPECT_TRUE(taken.get());
    auto again = dlock::async_acquire(*lock, 5s, net::use_future);
    try {
        (void)again.get();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const boost::system::system_error& error) {
        EXPECT_EQ(error.code(), dlock::errc::already_locked);
    }
    dlock::async_release(*lock, net::use_future).get();
    EXPECT_TRUE(is_free());
}

TEST_P(AsioTokens, without_a_token_an_operation_is_deferred) {
    const auto lock = lock_a();
    run([](dlock::BaseLock& lock) -> net::awaitable<void> {
        const auto home = std::this_thread::get_id();
        EXPECT_TRUE(co_await dlock::async_acquire(lock, 5s));
        EXPECT_EQ(std::this_thread::get_id(), home);
        EXPECT_TRUE(co_await dlock::async_verify(lock));
        co_await dlock::async_release(lock);
        EXPECT_TRUE(co_await dlock::async_try_acquire(lock));
        co_await dlock::async_close(lock);
        co_await dlock::async_close(lock);
        EXPECT_TRUE(
            co_await dlock::async_acquire_until(lock, std::chrono::system_clock::now() + 5s));
        co_await dlock::async_release(lock);
    }(*lock));
    EXPECT_TRUE(is_free());

    // Nothing happens before a deferred operation is started, and it can be started twice.
    auto acquire = dlock::async_acquire(*lock, 5s);
    EXPECT_TRUE(is_free());
    Answer first;
    Answer second;
    acquire(only_to(first));
    run_until(first);
    EXPECT_TRUE(first.held);
    std::move(acquire)(only_to(second));
    run_until(second);
    EXPECT_EQ(second.error, dlock::errc::already_locked);
}

TEST_P(AsioTokens, shared_modes) {
    if (!has_shared()) {
        GTEST_SKIP() << "there is no shared mode";
    }
    const auto one = lock_a();
    const auto two = lock_b();
    run([](dlock::BaseLock& one, dlock::BaseLock& two) -> net::awaitable<void> {
        EXPECT_TRUE(co_await dlock::async_acquire_shared(one, 5s));
        EXPECT_TRUE(co_await dlock::async_try_acquire_shared(two));
        co_await dlock::async_release(two);
        EXPECT_FALSE(co_await dlock::async_try_acquire(two));
        EXPECT_TRUE(
            co_await dlock::async_acquire_shared_until(two, std::chrono::steady_clock::now() + 5s));
        co_await dlock::async_release(one);
        co_await dlock::async_release(two);
    }(*one, *two));
    EXPECT_TRUE(is_free());
}

TEST_P(AsioTokens, awaitables_tuples_and_redirected_errors) {
    const auto lock = lock_a();
    run([](dlock::BaseLock& lock) -> net::awaitable<void> {
        EXPECT_TRUE(co_await dlock::async_acquire(lock, 5s, net::use_awaitable));
        const auto [error, held] =
            co_await dlock::async_acquire(lock, 5s, net::as_tuple(net::use_awaitable));
        EXPECT_EQ(error, dlock::errc::already_locked);
        EXPECT_FALSE(held);
        error_code redirected;
        EXPECT_FALSE(co_await dlock::async_acquire(
            lock, 5s, net::redirect_error(net::use_awaitable, redirected)));
        EXPECT_EQ(redirected, dlock::errc::already_locked);
        EXPECT_EQ(lock.last_error()->which(), dlock::errc::already_locked);
        const auto [released] =
            co_await dlock::async_release(lock, net::as_tuple(net::use_awaitable));
        EXPECT_FALSE(released);
        const auto [twice] = co_await dlock::async_release(lock, net::as_tuple(net::deferred));
        EXPECT_EQ(twice, dlock::errc::not_locked);
    }(*lock));
}

TEST_P(AsioTokens, the_executors_own_default_token) {
    using Awaiting = net::use_awaitable_t<>::executor_with_default<net::io_context::executor_type>;
    using Tuples = net::as_tuple_t<net::use_awaitable_t<>>::executor_with_default<
        net::io_context::executor_type>;
    const auto lock = lock_a();
    run([](dlock::BaseLock& lock, net::io_context& io) -> net::awaitable<void> {
        const Awaiting awaiting(io.get_executor());
        EXPECT_TRUE(co_await dlock::async_acquire(awaiting, lock, 5s));
        const Tuples tuples(io.get_executor());
        const auto [error, held] = co_await dlock::async_try_acquire(tuples, lock);
        EXPECT_EQ(error, dlock::errc::already_locked);
        EXPECT_FALSE(held);
        co_await dlock::async_release(awaiting, lock);
    }(*lock, io_));
}

TEST_P(AsioTokens, nobody_waits_for_a_detached_release) {
    const auto lock = lock_a();
    lock->lock();
    dlock::async_release(io_.get_executor(), *lock, net::detached);
    io_.run();
    EXPECT_TRUE(is_free());
}

TEST_P(AsioTokens, errors_and_time_outs) {
    const auto holder = lock_b();
    const auto lock = lock_a();
    holder->lock();
    run([](dlock::BaseLock& lock) -> net::awaitable<void> {
        const auto as_tuple = net::as_tuple(net::deferred);
        const auto [tried, tried_held] = co_await dlock::async_try_acquire(lock, as_tuple);
        EXPECT_FALSE(tried) << tried.message();
        EXPECT_FALSE(tried_held);
        const auto start = std::chrono::steady_clock::now();
        const auto [late, late_held] = co_await dlock::async_acquire(lock, 1ms, as_tuple);
        EXPECT_FALSE(late) << late.message();
        EXPECT_FALSE(late_held);
        EXPECT_GE(std::chrono::steady_clock::now() - start, 1ms);
        const auto [past, past_held] = co_await dlock::async_acquire_until(
            lock, std::chrono::system_clock::now() - 1s, as_tuple);
        EXPECT_FALSE(past) << past.message();
        EXPECT_FALSE(past_held);
        EXPECT_FALSE(co_await dlock::async_verify(lock));
        const auto [released] = co_await dlock::async_release(lock, as_tuple);
        EXPECT_EQ(released, dlock::errc::not_locked);
        EXPECT_FALSE(released.message().empty());
    }(*lock));
    holder->release();
    expect_usable();
}

}  // namespace dlock_test
