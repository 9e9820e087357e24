// Cancellations, wherever an operation is: it ends, and the session holds nothing and is usable.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

namespace dlock_test {

class AsioCancel : public AsioTest {
  protected:
    // Cancels a wait in the server.
    void cancel_a_wait(dlock::LockOptions options, net::cancellation_type type) {
        const auto holder = lock_b();
        holder->lock();
        const auto lock = lock_a(std::move(options));
        Answer answer;
        dlock::async_acquire(*lock, dlock::forever, to(answer));
        run_until_waiting(*lock);
        EXPECT_EQ(answer.calls, 0);
        signal_.emit(type);
        EXPECT_EQ(answer.calls, 0) << "never inside the cancel";
        run_until(answer);
        EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
        run_until_waiting(*lock, 0);
        expect_clean(*lock, *holder);
    }
};
DLOCK_ASIO_ON_EACH_DATABASE(AsioCancel);

TEST_P(AsioCancel, each_kind_of_cancellation_ends_a_wait_in_the_server) {
    for (const auto type : {net::cancellation_type::total, net::cancellation_type::partial,
                            net::cancellation_type::terminal, net::cancellation_type::all}) {
        cancel_a_wait(with_helper(), type);
    }
}

TEST_P(AsioCancel, a_wait_in_the_server_ends_without_a_helper_session) {
    cancel_a_wait({}, net::cancellation_type::total);
}

TEST_P(AsioCancel, the_transaction_goes_on) {
    begin(*a_);
    cancel_a_wait(with_helper(), net::cancellation_type::partial);
    expect_usable();
    commit(*a_);
}

TEST_P(AsioCancel, no_cancellation_is_none) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a(with_helper());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    run_until_waiting(*lock);
    signal_.emit(net::cancellation_type::none);
    holder->release();
    run_until(answer);
    EXPECT_TRUE(answer.held);
}

TEST_P(AsioCancel, in_the_local_queue) {
    if (!queues_locally()) {
        GTEST_SKIP() << "no local queue: this client does not tell that no transaction is open";
    }
    const auto holder = lock_b();
    holder->lock();
    const auto other_session = GetParam().open();
    const auto front = dlock::create_lock(*other_session, key_, with_helper());
    const auto lock = lock_a(with_helper());
    Answer ahead;
    dlock::async_acquire(*front, dlock::forever, only_to(ahead));
    run_until_waiting(*lock);
    for (const auto type : {net::cancellation_type::total, net::cancellation_type::partial,
                            net::cancellation_type::terminal}) {
        Answer answer;
        dlock::async_acquire(*lock, dlock::forever, to(answer));
        run_until_waiting(*lock, 1);
        signal_.emit(type);
        run_until(answer);
        EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
        expect_usable();
    }
    EXPECT_EQ(ahead.calls, 0);
    holder->release();
    run_until(ahead);
    EXPECT_TRUE(ahead.held);
    expect_clean(*lock, *front);
}

TEST_P(AsioCancel, between_polls) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a({.wait = dlock::WaitStrategy::polling, .poll_interval = 1h});
    for (const auto type : {net::cancellation_type::total, net::cancellation_type::partial,
                            net::cancellation_type::terminal}) {
        Answer answer;
        dlock::async_acquire(*lock, dlock::forever, to(answer));
        io_.restart();
        io_.run_for(20ms);  // most likely in its pause; correct wherever it is
        signal_.emit(type);
        run_until(answer);
        EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
    }
    expect_clean(*lock, *holder);
}

TEST_P(AsioCancel, while_the_lock_is_tried) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a(with_helper());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    signal_.emit(net::cancellation_type::total);
    EXPECT_EQ(answer.calls, 0);
    run_until(answer);
    EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
    expect_clean(*lock, *holder);
}

TEST_P(AsioCancel, a_lock_that_is_free_is_granted_all_the_same_or_not_at_all) {
    const auto lock = lock_a(with_helper());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    signal_.emit(net::cancellation_type::total);
    run_until(answer);
    EXPECT_EQ(answer.held, !answer.error);
    EXPECT_EQ(lock->locked(), answer.held);
    EXPECT_EQ(view().holders(lock->actual_key()), answer.held ? 1 : 0);
    expect_usable();
}

TEST_P(AsioCancel, a_try_and_a_release_end_with_their_reply) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a(with_helper());
    Answer tried;
    dlock::async_try_acquire(*lock, to(tried));
    signal_.emit(net::cancellation_type::total);
    run_until(tried);
    EXPECT_FALSE(tried.held);
    EXPECT_TRUE(!tried.error || tried.was_aborted()) << tried.error.message();

    Answer released;
    dlock::async_release(*holder, to(released));
    signal_.emit(net::cancellation_type::total);
    run_until(released);
    EXPECT_FALSE(released.error) << released.error.message();
    EXPECT_TRUE(is_free());
}

TEST_P(AsioCancel, a_cancel_after_the_end_touches_nothing) {
    const auto lock = lock_a(with_helper());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    run_until(answer);
    ASSERT_TRUE(answer.held);
    signal_.emit(net::cancellation_type::total);
    io_.restart();
    io_.poll();
    EXPECT_EQ(answer.calls, 1);
    EXPECT_TRUE(lock->verify());
}

TEST_P(AsioCancel, before_the_start) {
    const auto lock = lock_a(with_helper());
    error_code error;
    const auto coroutine = [&]() -> net::awaitable<void> {
        signal_.emit(net::cancellation_type::terminal);
        co_await net::this_coro::throw_if_cancelled(false);
        std::tie(error, std::ignore) =
            co_await dlock::async_acquire(*lock, dlock::forever, net::as_tuple(net::deferred));
    };
    std::exception_ptr thrown;
    net::co_spawn(io_, coroutine(),
                  net::bind_cancellation_slot(
                      signal_.slot(), [&](const std::exception_ptr& what) { thrown = what; }));
    io_.run();
    EXPECT_EQ(lock->locked(), !error && thrown == nullptr);
    expect_usable();
}

TEST_P(AsioCancel, a_timer_beside_a_wait_leaks_nothing) {
    using namespace net::experimental::awaitable_operators;
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a(with_helper());
    bool timer_won = false;
    const auto coroutine = [&]() -> net::awaitable<void> {
        net::steady_timer timer(co_await net::this_coro::executor);
        timer.expires_after(20ms);
        const auto first =
            co_await (dlock::async_acquire(*lock, dlock::forever, net::use_awaitable) ||
                      timer.async_wait(net::use_awaitable));
        timer_won = first.index() == 1;
    };
    auto ended = net::co_spawn(io_, coroutine(), net::use_future);
    io_.run();
    ended.get();
    EXPECT_TRUE(timer_won);
    expect_clean(*lock, *holder);
}

TEST_P(AsioCancel, by_a_thread_that_does_not_run_the_loop) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a(with_helper());
    for (int i = 0; i < 5; ++i) {
        Answer answer;
        dlock::async_acquire(*lock, dlock::forever, to(answer));
        run_until_waiting(*lock);
        auto cancelling = in_thread([&] { signal_.emit(net::cancellation_type::total); });
        run_until(answer);
        cancelling.get();
        EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
        run_until_waiting(*lock, 0);
    }
    expect_clean(*lock, *holder);
}

TEST_P(AsioCancel, again_and_again) {
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a(with_helper());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    run_until_waiting(*lock);
    for (int i = 0; i < 100 && !answer.came(); ++i) {
        signal_.emit(net::cancellation_type::total);
        io_.restart();
        io_.poll_one();
    }
    run_until(answer);
    EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
    run_until_waiting(*lock, 0);
    expect_clean(*lock, *holder);
}

}  // namespace dlock_test
