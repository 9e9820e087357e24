// What ends before the operation does: its context, its lock, its session.
// SPDX-License-Identifier: BSL-1.0
#include "asio/fixture.hpp"

#include <boost/asio/thread_pool.hpp>

#include <optional>

namespace dlock_test {

class AsioLifetime : public AsioTest {
  protected:
    // The lock of the test's wait, which a session b_ holds.
    void SetUp() override {
        AsioTest::SetUp();
        holder_ = lock_b();
        holder_->lock();
    }
    void TearDown() override { holder_.reset(); }

    // MySQL and MariaDB look for clients that are gone only every some seconds; that their waits
    // take nothing is seen when the holder has gone.
    void expect_no_waiters() {
        if (!GetParam().is_sqlite() && !(GetParam().is_mysql() && GetParam().is_native())) {
            EXPECT_TRUE(eventually([&] { return view().waiters(holder_->actual_key()) == 0; }));
        }
    }

    // After whatever happened: nobody waits, nobody holds, and the handlers came `calls` times.
    void expect_nothing_left(const Answer& answer, int calls) {
        EXPECT_EQ(answer.calls, calls);
        expect_no_waiters();
        holder_->release();
        EXPECT_TRUE(eventually([&] { return view().holders(holder_->actual_key()) == 0; }));
        EXPECT_TRUE(is_free());
    }

    // Destroys a lock while it waits; `handler` is one for `answer`.
    template <class Handler>
    void destroy_while_it_waits(std::unique_ptr<dlock::BaseLock> lock, const Answer& answer,
                                Handler handler) {
        dlock::async_acquire(*lock, dlock::forever, std::move(handler));
        run_until_waiting(*lock);
        lock.reset();
        EXPECT_EQ(answer.calls, 0);
        if (!GetParam().is_sqlite()) {
            EXPECT_EQ(a_->get_backend(), nullptr) << "its session was not closed";
        }
        run_until(answer);
        EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
        expect_nothing_left(answer, 1);
    }

    // Runs a wait in a context of its own until it waits, and destroys the context.
    void destroy_the_context(dlock::LockOptions options, bool cancellable) {
        const auto lock = lock_a(std::move(options));
        Answer answer;
        {
            net::io_context io;
            if (cancellable) {
                dlock::async_acquire(*lock, dlock::forever,
                                     net::bind_executor(io, net::bind_cancellation_slot(
                                                                signal_.slot(), answer.handler())));
            } else {
                dlock::async_acquire(*lock, dlock::forever,
                                     net::bind_executor(io, answer.handler()));
            }
            if (GetParam().is_sqlite()) {
                io.poll();
            } else {
                ASSERT_TRUE(eventually([&] {
                    io.restart();
                    io.poll();
                    return view().waiters(holder_->actual_key()) == 1;
                }));
            }
        }
        EXPECT_FALSE(lock->locked());
        expect_nothing_left(answer, 0);
        signal_.emit(net::cancellation_type::total);
        io_.restart();
        io_.poll();
    }

    std::unique_ptr<dlock::BaseLock> holder_;
};
DLOCK_ASIO_ON_EACH_DATABASE(AsioLifetime);

TEST_P(AsioLifetime, a_context_is_destroyed_while_a_session_waits_in_the_server) {
    destroy_the_context(with_helper(), true);
}

TEST_P(AsioLifetime, a_context_is_destroyed_and_the_wait_could_not_be_cancelled) {
    destroy_the_context({}, false);
}

TEST_P(AsioLifetime, a_context_is_destroyed_while_waiters_queue_and_poll) {
    const auto other = GetParam().open();
    const auto queueing = dlock::create_lock(*other, key_);
    const auto third = GetParam().open();
    const auto polling = dlock::create_lock(
        *third, key_, {.wait = dlock::WaitStrategy::polling, .poll_interval = 1h});
    const auto lock = lock_a();
    Answer answer;
    std::optional<net::io_context> io(std::in_place);
    for (dlock::BaseLock* each : {lock.get(), queueing.get(), polling.get()}) {
        dlock::async_acquire(*each, dlock::forever, net::bind_executor(*io, answer.handler()));
    }
    io->run_for(30ms);  // wherever they are then
    io.reset();
    expect_nothing_left(answer, 0);
}

TEST_P(AsioLifetime, a_context_that_is_stopped_goes_on_when_it_is_run_again) {
    const auto lock = lock_a();
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, to(answer));
    run_until_waiting(*lock);
    io_.stop();
    holder_->release();
    EXPECT_EQ(answer.calls, 0);
    run_until(answer);
    EXPECT_TRUE(answer.held) << answer.error.message();
    EXPECT_TRUE(lock->verify());
}

TEST_P(AsioLifetime, a_lock_is_destroyed_while_it_waits) {
    Answer answer;
    destroy_while_it_waits(lock_a(with_helper()), answer, to(answer));
}

TEST_P(AsioLifetime, a_lock_is_destroyed_while_it_waits_and_could_not_be_cancelled) {
    Answer answer;
    destroy_while_it_waits(lock_a(), answer, only_to(answer));
}

// By ODBC a session in a transaction is not to be closed: see strict_odbc.cpp.
TEST_P(AsioLifetime, a_lock_is_destroyed_while_it_waits_in_a_transaction) {
    a_->begin();
    Answer answer;
    destroy_while_it_waits(lock_a(with_helper()), answer, to(answer));
}

TEST_P(AsioLifetime, a_lock_that_is_destroyed_in_a_pause_leaves_its_session_alone) {
    auto lock = lock_a({.wait = dlock::WaitStrategy::polling, .poll_interval = 1h});
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, only_to(answer));
    io_.run_for(100ms);  // no view shows a pause; correct wherever it is
    const bool pauses = a_->get_backend() != nullptr;
    ASSERT_TRUE(pauses);
    lock.reset();
    run_until(answer);
    EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
    if (a_->get_backend() != nullptr) {  // else a slow machine's try was still under way
        expect_usable();
    }
    expect_nothing_left(answer, 1);
}

TEST_P(AsioLifetime, a_session_that_is_closed_ends_the_wait) {
    if (!GetParam().is_native() || GetParam().is_sqlite()) {
        GTEST_SKIP() << "a pool thread uses the session, which the caller may not close then";
    }
    for (const bool again : {false, true}) {
        const auto lock = lock_a();
        Answer answer;
        dlock::async_acquire(*lock, dlock::forever, only_to(answer));
        run_until_waiting(*lock);
        if (again) {
            a_->reconnect();
        } else {
            a_->close();
        }
        holder_->release();
        run_until(answer);
        EXPECT_EQ(answer.calls, 1);
        EXPECT_TRUE(answer.error);
        EXPECT_FALSE(answer.held);
        EXPECT_FALSE(lock->locked());
        EXPECT_TRUE(eventually([&] { return view().holders(holder_->actual_key()) == 0; }));
        holder_->lock();
        if (!again) {
            a_ = GetParam().open();
        }
    }
    expect_usable();
}

TEST_P(AsioLifetime, a_session_is_busy_meanwhile) {
    const auto lock = lock_a();
    const auto second = dlock::create_lock(*a_, unique_key());
    Answer answer;
    dlock::async_acquire(*lock, dlock::forever, only_to(answer));
    run_until_waiting(*lock);
    Answer refused;
    dlock::async_acquire(*second, dlock::forever, only_to(refused));
    run_until(refused);
    EXPECT_EQ(refused.error, dlock::errc::session_busy);
    Answer refused_too;
    dlock::async_acquire(*lock, dlock::forever, only_to(refused_too));
    run_until(refused_too);
    EXPECT_EQ(refused_too.error, dlock::errc::session_busy);
    EXPECT_EQ(thrown([&] { second->lock(); }), dlock::errc::session_busy);
    EXPECT_EQ(thrown([&] { lock->lock(); }), dlock::errc::session_busy);
    EXPECT_EQ(answer.calls, 0);
    holder_->release();
    run_until(answer);
    EXPECT_TRUE(answer.held) << answer.error.message();
    EXPECT_TRUE(second->try_lock());
}

TEST_P(AsioLifetime, threads_of_a_pool_may_run_the_io) {
    const auto lock = lock_a(with_helper());
    net::thread_pool pool(3);
    for (int i = 0; i < 5; ++i) {
        Answer answer;
        dlock::async_acquire(pool.get_executor(), *lock, dlock::forever,
                             net::bind_cancellation_slot(signal_.slot(), answer.handler()));
        wait_for_waiters(*lock, 1);
        signal_.emit(net::cancellation_type::total);
        ASSERT_TRUE(eventually([&] { return answer.came(); }));
        EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
        wait_for_waiters(*lock, 0);
    }
    pool.join();
    expect_clean(*lock, *holder_);
}

TEST_P(AsioLifetime, a_leased_session_comes_back_to_its_pool_usable) {
    soci::connection_pool sessions(1);
    sessions.at(0).open(GetParam().url);
    Answer answer;
    {
        auto lock = dlock::create_lock(sessions, key_, with_helper());
        dlock::async_acquire(*lock, dlock::forever, to(answer));
        run_until_waiting(*lock);
    }
    run_until(answer);
    EXPECT_TRUE(answer.was_aborted()) << answer.error.message();
    soci::session sql(sessions);
    int one = 0;
    sql << "select 1", soci::into(one);
    EXPECT_EQ(one, 1);
    expect_nothing_left(answer, 1);
}

}  // namespace dlock_test
