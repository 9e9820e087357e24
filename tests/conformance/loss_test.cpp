// Locks that are lost, sessions that change, processes that fork.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <sys/wait.h>
#include <unistd.h>

namespace dlock_test {

class Loss : public OnEachDatabase {
  protected:
    void terminate(soci::session& session) {
        const long long id = view().session_id(session);
        view().terminate(id);
    }
};
DLOCK_ON_EACH_DATABASE(Loss);

TEST_P(Loss, of_the_connection_is_found_by_verify_and_reported_by_release) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    const auto lock = lock_a();
    lock->lock();
    terminate(*a_);
    EXPECT_TRUE(eventually([&] { return is_free(); }));
    EXPECT_FALSE(lock->verify());
    EXPECT_FALSE(lock->locked());
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::lost);
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::lock_lost);
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::unlocked);
}

TEST_P(Loss, of_the_connection_is_reported_by_release_alone) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    int reported = 0;
    {
        const dlock::ScopedLock guard(*a_, key_, {.on_error = [&](const dlock::LockError& error) {
            ++reported;
            EXPECT_EQ(error.which(), dlock::errc::session_lost);
            EXPECT_TRUE(error.spoils_session());
            EXPECT_EQ(error.code(), std::errc::not_connected);
        }});
        terminate(*a_);
        // MariaDB's KILL returns before the session has ended, which may answer once more.
        EXPECT_TRUE(eventually([&] { return is_free(); }));
    }
    EXPECT_EQ(reported, 1);
}

TEST_P(Loss, of_the_connection_while_waiting_is_an_error) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    const long long id = view().session_id(*a_);
    const auto holder = lock_b();
    const auto lock = lock_a();
    holder->lock();
    auto waiting = in_thread([&] { return thrown([&] { lock->lock(); }); });
    wait_for_waiters(*holder, 1);
    view().terminate(id);
    EXPECT_EQ(waiting.get(), dlock::errc::session_lost);
    EXPECT_FALSE(lock->locked());
}

TEST_P(Loss, of_the_session_to_the_transaction_timeout_of_postgresql) {
    if (!GetParam().is_postgresql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "transaction_timeout is PostgreSQL's";
    }
    int version = 0;
    *a_ << "select cast(current_setting('server_version_num') as integer)", soci::into(version);
    if (version < 170000) {
        GTEST_SKIP() << "transaction_timeout is there from version 17 on";
    }
    const auto lock = lock_a();
    lock->lock();
    *a_ << "set transaction_timeout = '500ms'";
    begin(*a_);
    int one = 0;
    *a_ << "select 1", soci::into(one);  // psqlODBC begins the transaction with it
    EXPECT_TRUE(eventually([&] { return is_free(); })) << "the session has not ended";
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::lost);
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
}

TEST_P(Loss, by_somebody_who_freed_all_locks_of_the_session) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "only the library can free it";
    }
    if (GetParam().is_mssql() || GetParam().is_oracle()) {
        GTEST_SKIP() << "no call frees all locks of a session";
    }
    const auto free_all = [&] {
        if (GetParam().is_postgresql()) {
            *a_ << "discard all";
        } else {
            int count = 0;
            *a_ << "select release_all_locks()", soci::into(count);
        }
    };
    const auto lock = lock_a();
    lock->lock();
    free_all();
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    lock->lock();
    free_all();
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(lock->last_error()->retry(), dlock::Retry::never);
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Loss, a_reconnected_session_is_noticed) {
    const auto lock = lock_a();
    const auto idle = make_lock(*a_, unique_key());
    lock->lock();
    a_->reconnect();
    EXPECT_TRUE(eventually([&] { return view().holders(lock->actual_key()) == 0; }));
    // Over ODBC the server session is not known, and SOCI's new backend may have the address of the
    // old one: then only the server can tell.
    EXPECT_TRUE(GetParam().is_odbc() || !lock->locked());
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    // A lock made after it works, and owes nothing to what was before.
    const auto fresh = lock_a();
    EXPECT_TRUE(fresh->try_lock());
}

TEST_P(Loss, a_closed_session_is_an_error_and_no_crash) {
    const auto lock = lock_a();
    lock->lock();
    a_->close();
    EXPECT_FALSE(lock->locked());
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::session_changed);
    const std::stop_source stop;
    EXPECT_EQ(thrown([&] { (void)lock->acquire(dlock::no_wait, stop.get_token()); }),
              dlock::errc::session_changed);
    EXPECT_EQ(lock->descriptor(), -1);
    EXPECT_EQ(thrown([&] { (void)lock_a(); }), dlock::errc::session_lost);
}

TEST_P(Loss, a_silent_reconnect_never_passes_for_the_lock) {
    if (!GetParam().is_mysql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "MySQL's reconnect option";
    }
    const bool odbc = GetParam().is_odbc();
    soci::session sql(GetParam().url + (odbc ? "AUTO_RECONNECT=1;" : " reconnect=1"));
    const auto lock = make_lock(sql, key_);
    lock->lock();
    terminate(sql);
    EXPECT_TRUE(eventually([&] { return is_free(); }));
    int one = 0;
    try {
        sql << "select 1", soci::into(one);  // reconnects
    } catch (const soci::soci_error&) {
    }
    // Over ODBC the server session is not known, so only the server can tell.
    EXPECT_FALSE(odbc ? lock->verify() : lock->locked());
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
}

TEST_P(Loss, a_forked_child_sends_nothing_and_the_parent_keeps_the_lock) {
    if (is_async()) {
        GTEST_SKIP() << "a forked child has no thread that runs the io_context";
    }
    auto lock = lock_a();
    lock->lock();
    const pid_t child = fork();
    if (child == 0) {
        int wrong = 0;
        const auto expect_refused = [&](const std::function<void()>& function) {
            try {
                function();
                ++wrong;
            } catch (const dlock::LockError& error) {
                wrong += error.which() == dlock::errc::wrong_process ? 0 : 1;
            }
        };
        expect_refused([&] { lock->release(); });
        expect_refused([&] { (void)lock->try_lock(); });
        expect_refused([&] { (void)lock->verify(); });
        wrong += lock->locked() ? 1 : 0;
        lock->unlock();
        lock.reset();
        _exit(wrong);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_TRUE(lock->verify());
    EXPECT_FALSE(is_free());
    lock->release();
    EXPECT_TRUE(is_free());
}

}  // namespace dlock_test
