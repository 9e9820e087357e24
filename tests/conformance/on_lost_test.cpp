// The loss of a lock is told to whoever asked for that, without a call.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"
#include "support/gate.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace dlock_test {

class OnLost : public OnEachDatabase {
  protected:
    void SetUp() override {
        if (GetParam().is_simulated()) {
            GTEST_SKIP() << "has a time of its own, and no connection";
        }
        OnEachDatabase::SetUp();
    }

    // What has the session's end told: its socket, or the server's answer, for which even a loaded
    // machine has time enough.
    dlock::LockOptions watched() const {
        dlock::LockOptions options;
        if (GetParam().is_odbc()) {
            options.verify_interval = 3s;
        }
        return options;
    }
    bool cannot_be_watched() const { return GetParam().is_odbc() && is_async(); }
    static constexpr const char* no_socket = "the client library does not show its socket";
};
DLOCK_ON_EACH_DATABASE(OnLost);

TEST_P(OnLost, a_guard_reports_a_loss_that_was_found_before) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    const long long id = view().session_id(*a_);
    std::vector<std::string> reported;
    dlock::LockOptions options = watched();
    options.on_error = [&](const dlock::LockError& error) {
        EXPECT_EQ(error.which(), dlock::errc::lock_lost);
        reported.emplace_back(error.what());
    };
    {
        dlock::ScopedLock guard(*a_, key_, options);
        const std::stop_token lost = guard.lock().lost_token();
        view().terminate(id);
        EXPECT_TRUE(eventually([&] { return lost.stop_requested(); }));
        EXPECT_TRUE(reported.empty());
    }
    ASSERT_EQ(reported.size(), 1U);
    EXPECT_NE(
        reported[0].find(GetParam().is_odbc() ? "found not to be held" : "the connection ended"),
        std::string::npos)
        << reported[0];
}

TEST_P(OnLost, a_session_that_ends_is_told_once) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (cannot_be_watched()) {
        GTEST_SKIP() << no_socket;
    }
    std::atomic<int> told{0};
    const long long id = view().session_id(*a_);
    const auto lock = lock_a(watched());
    lock->on_lost([&](const dlock::LockError& error) {
        EXPECT_EQ(error.which(), dlock::errc::lock_lost);
        EXPECT_NE(std::string(error.what()).find(lock->capabilities().database), std::string::npos);
        ++told;
    });
    lock->lock();
    const std::stop_token token = lock->lost_token();
    EXPECT_TRUE(lock->locked());
    EXPECT_FALSE(token.stop_requested());
    view().terminate(id);
    EXPECT_TRUE(eventually([&] { return told == 1; }));
    EXPECT_TRUE(token.stop_requested());
    EXPECT_FALSE(lock->locked());
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::lost);
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::lock_lost);
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::unlocked);
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(eventually([&] { return is_free(); }));
}

TEST_P(OnLost, a_token_alone_is_told_as_well_and_a_late_handler_at_once) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (cannot_be_watched()) {
        GTEST_SKIP() << no_socket;
    }
    const auto lock = lock_a(watched());
    EXPECT_FALSE(lock->lost_token().stop_requested()) << "nothing is held";
    const long long id = view().session_id(*a_);
    lock->lock();
    const std::stop_token token = lock->lost_token();
    view().terminate(id);
    EXPECT_TRUE(eventually([&] { return token.stop_requested(); }));
    EXPECT_TRUE(lock->lost_token().stop_requested());
    int told = 0;
    lock->on_lost([&](const dlock::LockError&) { ++told; });
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(lock->verify());
    EXPECT_TRUE(lock->lost_token().stop_requested());
    lock->on_lost({});
    EXPECT_EQ(told, 1);
}

TEST_P(OnLost, a_release_ends_the_watch) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (cannot_be_watched()) {
        GTEST_SKIP() << no_socket;
    }
    std::atomic<int> told{0};
    const auto released = lock_a(watched());
    released->on_lost([&](const dlock::LockError&) { told += 10; });
    const auto held = make_lock(*a_, key_ + "2", watched());
    held->on_lost([&](const dlock::LockError&) { ++told; });
    const long long id = view().session_id(*a_);
    released->lock();
    held->lock();
    const std::stop_token token = released->lost_token();
    released->release();
    view().terminate(id);
    EXPECT_TRUE(eventually([&] { return told > 0; }));
    EXPECT_EQ(thrown([&] { held->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(told, 1);
    EXPECT_FALSE(token.stop_requested());
}

TEST_P(OnLost, what_a_call_finds_is_told_by_the_call) {
    if (GetParam().is_sqlite() || GetParam().is_odbc()) {
        GTEST_SKIP() << "the session cannot lose its locks and live";
    }
    const auto free_all = [&] {
        if (GetParam().is_postgresql()) {
            *a_ << "discard all";
        } else {
            *a_ << "do release_all_locks()";
        }
    };
    int told = 0;
    const auto lock = lock_a();
    lock->on_lost([&](const dlock::LockError&) { ++told; });
    lock->lock();
    free_all();
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(told, 1);
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    lock->lock();
    const std::stop_token token = lock->lost_token();
    free_all();
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(told, 2);
    EXPECT_TRUE(token.stop_requested());
    lock->lock();
    EXPECT_FALSE(lock->lost_token().stop_requested()) << "a new hold";
    lock->release();
    EXPECT_EQ(told, 2);
}

TEST_P(OnLost, a_handler_that_is_set_after_a_call_found_the_loss_is_called_at_once) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (GetParam().is_odbc()) {
        GTEST_SKIP() << no_socket;
    }
    const auto lock = lock_a();  // nobody watches it
    lock->lock();
    view().terminate(view().session_id(*a_));
    EXPECT_TRUE(eventually([&] { return !lock->verify(); }));
    int told = 0;
    lock->on_lost([&](const dlock::LockError& error) {
        EXPECT_EQ(error.which(), dlock::errc::lock_lost);
        ++told;
    });
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(lock->lost_token().stop_requested());
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_FALSE(lock->lost_token().stop_requested()) << "nothing is held any more";
    EXPECT_EQ(told, 1);
}

// Nobody asked to be told while the connection was there to tell it.
TEST_P(OnLost, a_handler_that_is_set_after_the_programs_own_statement_failed_is_called_at_once) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (GetParam().is_odbc()) {
        GTEST_SKIP() << no_socket;
    }
    for (const bool reconnects : {false, true}) {
        const auto session = GetParam().open();
        const auto lock = make_lock(*session, key_);
        const auto other = make_lock(*session, key_ + "2");
        lock->lock();
        other->lock();
        view().terminate(view().session_id(*session));
        EXPECT_TRUE(eventually([&] {
            try {
                *session << "select 1";
            } catch (const soci::soci_error&) {
                return true;
            }
            return false;
        }));
        if (reconnects) {
            session->reconnect();
        }
        EXPECT_FALSE(lock->locked());
        int told = 0;
        lock->on_lost([&](const dlock::LockError& error) {
            EXPECT_EQ(error.which(), dlock::errc::lock_lost);
            ++told;
        });
        EXPECT_EQ(told, 1);
        EXPECT_EQ(lock->state(), dlock::BaseLock::State::lost);
        EXPECT_TRUE(other->lost_token().stop_requested());
        EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
        EXPECT_EQ(thrown([&] { other->release(); }), dlock::errc::lock_lost);
        EXPECT_EQ(told, 1);
    }
}

TEST_P(OnLost, the_token_of_one_lock_stops_the_wait_for_another) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (cannot_be_watched()) {
        GTEST_SKIP() << no_socket;
    }
    // Asked now: nobody but its lock may use a session that is watched by asking.
    const auto sql = GetParam().open();
    const long long first = view().session_id(*a_);
    const long long second = view().session_id(*sql);
    const auto lock = lock_a(watched());
    lock->lock();
    const std::stop_token lost = lock->lost_token();
    const auto holder = make_lock(*sql, key_ + "2", watched());
    std::atomic<int> told{0};
    holder->on_lost([&](const dlock::LockError&) { ++told; });
    holder->lock();
    auto options = watched();
    options.helper_session = [this] { return GetParam().open(); };
    const auto other = make_lock(*b_, key_ + "2", options);
    auto waiting =
        in_thread([&] { return thrown([&] { (void)other->acquire(dlock::forever, lost); }); });
    wait_for_waiters(*holder, 1);
    view().terminate(first);
    EXPECT_EQ(waiting.get(), dlock::errc::cancelled);
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    // And others are still told.
    view().terminate(second);
    EXPECT_TRUE(eventually([&] { return told == 1; }));
    EXPECT_EQ(thrown([&] { holder->release(); }), dlock::errc::lock_lost);
}

TEST_P(OnLost, two_locks_on_one_session_are_both_asked_for) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no session to end";
    }
    if (is_async()) {
        GTEST_SKIP() << "the server is not asked on this road";
    }
    std::atomic<int> told{0};
    const long long id = view().session_id(*a_);
    const auto one = lock_a({.verify_interval = 4s});
    const auto two = make_lock(*a_, key_ + "2", {.verify_interval = 2s});
    for (TestLock* const lock : {one.get(), two.get()}) {
        lock->on_lost([&](const dlock::LockError&) { ++told; });
        lock->lock();
    }
    EXPECT_TRUE(one->verify());
    EXPECT_TRUE(two->verify());
    EXPECT_EQ(told, 0);
    view().terminate(id);
    EXPECT_TRUE(eventually([&] { return told == 2; })) << told;
    EXPECT_EQ(one->state(), dlock::BaseLock::State::lost);
    EXPECT_EQ(two->state(), dlock::BaseLock::State::lost);
    EXPECT_EQ(thrown([&] { one->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(thrown([&] { two->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(told, 2);
}

TEST_P(OnLost, an_acquire_that_fails_keeps_no_connection_open) {
    if (!GetParam().is_mysql() || !GetParam().is_native() || is_async()) {
        GTEST_SKIP() << "its client library has no read timeout, or does not wait by it";
    }
    const auto holder = lock_b();
    holder->lock();
    soci::session impatient(GetParam().url + " read_timeout=4");
    const auto other = make_lock(impatient, unique_key());
    std::atomic<int> told{0};
    other->on_lost([&](const dlock::LockError&) { ++told; });
    other->lock();
    const auto lock = make_lock(impatient, key_);
    lock->on_lost([](const dlock::LockError&) { ADD_FAILURE() << "nothing was held"; });
    EXPECT_EQ(thrown([&] { (void)lock->try_lock_for(1h); }), dlock::errc::session_lost);
    // Else the server would not see that the waiter has gone, and grant it the lock.
    wait_for_waiters(*holder, 0);
    holder->release();
    EXPECT_TRUE(is_free());
    EXPECT_TRUE(eventually([&] { return told == 1; }));
    EXPECT_EQ(thrown([&] { other->release(); }), dlock::errc::lock_lost);
}

TEST_P(OnLost, a_server_that_falls_silent_is_told_within_the_interval) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    if (GetParam().is_odbc()) {
        GTEST_SKIP()
            << "the next call waits for the driver's own time-outs, see L4 of tests/faults";
    }
    if (is_async()) {
        GTEST_SKIP() << "the server is not asked on this road";
    }
    Gate gate(GetParam());
    const auto session = gate.database().open();
    const auto lock = dlock::create_lock(*session, key_, {.verify_interval = 4s});
    std::atomic<bool> told{false};
    lock->on_lost([&](const dlock::LockError&) { told = true; });
    lock->lock();
    const long before = gate.round_trips();
    EXPECT_TRUE(eventually([&] { return gate.round_trips() > before + 3; })) << "is not asked";
    EXPECT_TRUE(lock->locked());
    EXPECT_FALSE(told);
    gate.cut(Gate::Ending::silence);
    EXPECT_TRUE(eventually([&] { return told.load(); }));
    EXPECT_FALSE(lock->locked());
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(session->get_backend(), nullptr) << "it is closed: nobody knows what it holds";
}

TEST_P(OnLost, calls_and_questions_take_turns_on_the_session) {
    if (is_async()) {
        GTEST_SKIP() << "the server is not asked on this road";
    }
    constexpr auto interval = 4s;
    std::atomic<int> told{0};
    // Many are asked for, since an answer may take long on a loaded machine.
    std::vector<std::unique_ptr<TestLock>> watched;
    for (int i = 0; i < 20; ++i) {
        watched.push_back(
            make_lock(*a_, key_ + "-" + std::to_string(i), {.verify_interval = interval}));
        watched.back()->on_lost([&](const dlock::LockError&) { ++told; });
        watched.back()->lock();
    }
    const auto other = make_lock(*a_, key_);
    const auto end = std::chrono::steady_clock::now() + 3 * interval / 2;
    for (std::size_t i = 0; std::chrono::steady_clock::now() < end; ++i) {
        TestLock& lock = *watched[i % watched.size()];
        other->lock();
        EXPECT_TRUE(lock.verify());
        EXPECT_TRUE(lock.locked());
        other->release();
    }
    for (const auto& lock : watched) {
        lock->release();
    }
    EXPECT_EQ(told, 0);
}

TEST_P(OnLost, where_nothing_would_tell_it_is_refused) {
    const auto lock = lock_a();
    if (GetParam().is_odbc()) {
        EXPECT_EQ(thrown([&] { lock->on_lost([](const dlock::LockError&) {}); }),
                  dlock::errc::not_supported);
        EXPECT_EQ(thrown([&] { (void)lock->lost_token(); }), dlock::errc::not_supported);
    } else {
        lock->on_lost([](const dlock::LockError&) { FAIL(); });
    }
    lock->lock();
    lock->release();
}

TEST_P(OnLost, an_asynchronous_call_does_not_share_the_session_with_questions) {
    if (!is_async()) {
        GTEST_SKIP() << "is blocking";
    }
    const auto lock = lock_a({.verify_interval = 1s});
    EXPECT_EQ(thrown([&] { lock->lock(); }), dlock::errc::not_supported);
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::unlocked);
}

TEST_P(OnLost, a_forked_child_is_told_nothing_and_ends) {
    if (cannot_be_watched()) {
        GTEST_SKIP() << no_socket;
    }
    std::atomic<int> told{0};
    auto lock = lock_a(watched());
    lock->on_lost([&](const dlock::LockError&) { ++told; });
    lock->lock();
    const pid_t child = fork();
    if (child == 0) {
        const bool locked = lock->locked();
        lock.reset();
        _exit(locked || told > 0 ? 1 : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(lock->verify());
    EXPECT_TRUE(lock->locked());
    lock->release();
    EXPECT_EQ(told, 0);
}

}  // namespace dlock_test
