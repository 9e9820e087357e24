// async_scoped_lock() and the guard that it gives.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <optional>

namespace dlock_test {

class AsioGuard : public AsioTest {
  protected:
    void run(net::awaitable<void> coroutine) {
        auto result = net::co_spawn(io_, std::move(coroutine), net::use_future);
        io_.restart();
        io_.run();
        result.get();
    }
    // What async_scoped_lock() completes with.
    struct Guarded {
        std::optional<error_code> error;
        dlock::AsyncScopedLock guard;
        int calls = 0;

        auto handler() {
            return [this](error_code with, dlock::AsyncScopedLock made) {
                ++calls;
                error = with;
                guard = std::move(made);
            };
        }
    };
};
DLOCK_ASIO_ON_EACH_DATABASE(AsioGuard);

TEST_P(AsioGuard, it_holds_the_lock_until_the_end_of_the_scope) {
    const auto coroutine = [&]() -> net::awaitable<void> {
        {
            const auto guard = co_await dlock::async_scoped_lock(*a_, key_);
            EXPECT_TRUE(guard);
            EXPECT_TRUE(guard.lock().locked());
            EXPECT_FALSE(is_free());
        }
        EXPECT_TRUE(is_free());
    };
    run(coroutine());
}

TEST_P(AsioGuard, it_releases_early) {
    const auto coroutine = [&]() -> net::awaitable<void> {
        auto guard = co_await dlock::async_scoped_lock(*a_, key_);
        co_await guard.release();
        EXPECT_TRUE(is_free());
        const auto [again] = co_await guard.release(net::as_tuple(net::deferred));
        EXPECT_EQ(again, dlock::errc::not_locked);
    };
    run(coroutine());
    expect_usable();
}

TEST_P(AsioGuard, a_time_out_is_an_error) {
    const auto holder = lock_b();
    holder->lock();
    for (const auto limit : {0ms, 1ms}) {
        Guarded result;
        dlock::async_scoped_lock(io_.get_executor(), *a_, key_, {.timeout = limit},
                                 result.handler());
        run_until([&] { return result.calls != 0; });
        EXPECT_EQ(result.error, dlock::errc::timed_out);
        EXPECT_FALSE(result.guard);
    }
    const auto coroutine = [&]() -> net::awaitable<void> {
        const dlock::LockOptions options{.timeout = 1ms};
        (void)co_await dlock::async_scoped_lock(*a_, key_, options);
    };
    EXPECT_THROW(run(coroutine()), boost::system::system_error);
    expect_usable();
}

TEST_P(AsioGuard, an_option_that_is_wrong_is_told_to_the_handler) {
    Guarded result;
    dlock::async_scoped_lock(io_.get_executor(), *a_, key_, {.poll_interval = -1s},
                             result.handler());
    EXPECT_EQ(result.calls, 0) << "inside the initiating function";
    io_.run();
    EXPECT_EQ(result.calls, 1);
    EXPECT_EQ(result.error, dlock::errc::invalid_option);
    EXPECT_FALSE(result.guard);
}

TEST_P(AsioGuard, it_is_cancelled) {
    const auto holder = lock_b();
    const auto lock = lock_a();
    for (const auto type : {net::cancellation_type::total, net::cancellation_type::partial,
                            net::cancellation_type::terminal}) {
        holder->lock();
        Guarded result;
        dlock::async_scoped_lock(io_.get_executor(), *a_, key_, with_helper(),
                                 net::bind_cancellation_slot(signal_.slot(), result.handler()));
        run_until_waiting(*holder);
        signal_.emit(type);
        run_until([&] { return result.calls != 0; });
        EXPECT_EQ(result.calls, 1);
        EXPECT_EQ(result.error, net::error::operation_aborted);
        EXPECT_FALSE(result.guard);
        run_until_waiting(*holder, 0);
        expect_clean(*lock, *holder);
    }
}

TEST_P(AsioGuard, destroyed_during_its_release_it_frees_the_lock) {
    const dlock::ActualKey actual = lock_a()->actual_key();
    Guarded result;
    dlock::async_scoped_lock(io_.get_executor(), *a_, key_, {}, result.handler());
    run_until([&] { return result.calls != 0; });
    ASSERT_TRUE(result.guard);
    Answer released;
    result.guard.release(only_to(released));
    result.guard = {};
    EXPECT_EQ(released.calls, 0);
    run_until(released);
    // The reply may have been there at once.
    EXPECT_TRUE(released.was_aborted() || !released.error) << released.error.message();
    EXPECT_EQ(released.calls, 1);
    EXPECT_TRUE(eventually([&] { return view().holders(actual) == 0; }));
}

TEST_P(AsioGuard, a_lock_of_the_transaction_is_left_to_it) {
    if (!has_xact()) {
        GTEST_SKIP() << "there are no transaction-level locks";
    }
    begin(*a_);
    const auto coroutine = [&]() -> net::awaitable<void> {
        const dlock::LockOptions options{.xact = true};
        const auto guard = co_await dlock::async_scoped_lock(*a_, key_, options);
        EXPECT_TRUE(guard);
    };
    run(coroutine());
    EXPECT_FALSE(is_free());
    commit(*a_);
    EXPECT_TRUE(is_free());
}

}  // namespace dlock_test
