// Locks and the user's transaction.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

namespace dlock_test {

class Transaction : public OnEachDatabase {
  protected:
    [[nodiscard]] static bool is_usable(soci::session& sql) {
        int one = 0;
        sql << "select 1", soci::into(one);
        return one == 1;
    }

    // psqlODBC sets a savepoint before each statement, so that an error fails no transaction,
    // unless it is told not to.
    void without_savepoints_of_the_driver() {
        if (GetParam().is_odbc() && GetParam().is_postgresql()) {
            a_ = std::make_unique<soci::session>(GetParam().url + "Protocol=7.4-0;");
        }
    }

    void fail_transaction(soci::session& sql) {
        EXPECT_THROW(sql << "select nothing_of_this_name", soci::soci_error);
    }
};
DLOCK_ON_EACH_DATABASE(Transaction);

TEST_P(Transaction, a_session_lock_outlives_commit_and_rollback) {
    const auto lock = lock_a();
    for (const bool commit : {true, false}) {
        soci::transaction transaction(*a_);
        lock->lock();
        commit ? transaction.commit() : transaction.rollback();
        EXPECT_TRUE(lock->locked());
        EXPECT_TRUE(lock->verify());
        lock->release();
    }
    EXPECT_TRUE(is_free());
}

TEST_P(Transaction, it_survives_a_timeout_of_a_session_lock) {
    if (GetParam().is_simulated()) {
        GTEST_SKIP() << "the simulator stores no data";
    }
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "the side file has no part in transactions";
    }
    const auto holder = lock_b();
    holder->lock();
    *a_ << "create temporary table t (x int)";
    {
        soci::transaction transaction(*a_);
        *a_ << "insert into t values (1)";
        const auto lock = lock_a();
        EXPECT_FALSE(lock->try_lock());
        EXPECT_FALSE(lock->try_lock_for(50ms));
        EXPECT_TRUE(is_usable(*a_));
        *a_ << "insert into t values (2)";
        transaction.commit();
    }
    int rows = 0;
    *a_ << "select count(*) from t", soci::into(rows);
    EXPECT_EQ(rows, 2);
}

TEST_P(Transaction, a_wait_in_a_transaction_is_granted_and_the_transaction_goes_on) {
    const auto holder = lock_b();
    holder->lock();
    soci::transaction transaction(*a_);
    const auto lock = lock_a();
    auto waiting = in_thread([&] { return lock->try_lock_for(30s); });
    wait_for_waiters(*holder, 1);
    holder->release();
    EXPECT_TRUE(waiting.get());
    EXPECT_TRUE(is_usable(*a_));
    transaction.rollback();
    EXPECT_TRUE(lock->verify());
}

// ---- Transaction-level locks. ----

TEST_P(Transaction, xact_needs_a_transaction) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    if (GetParam().is_oracle() && !GetParam().is_odbc()) {
        GTEST_SKIP() << "Oracle's sessions are always in a transaction";
    }
    const auto lock = lock_a({.xact = true});
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::no_transaction);
    EXPECT_TRUE(is_free());
}

TEST_P(Transaction, xact_is_held_until_commit_or_rollback) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    for (const bool shared : {false, true}) {
        for (const bool commit : {false, true}) {
            const auto lock = lock_a({.shared = shared, .xact = true});
            soci::transaction transaction(*a_);
            lock->lock();
            EXPECT_TRUE(lock->locked());
            EXPECT_TRUE(lock->verify());
            EXPECT_FALSE(is_free());
            EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::held_by_transaction);
            lock->close();
            lock->unlock();
            EXPECT_TRUE(lock->locked());
            EXPECT_FALSE(is_free());
            commit ? transaction.commit() : transaction.rollback();
            // Where the client does not tell of transactions, only the server can.
            EXPECT_TRUE(!client_tells_of_transactions() || !lock->locked());
            EXPECT_FALSE(lock->verify());
            EXPECT_FALSE(lock->locked());
            EXPECT_TRUE(is_free());
        }
    }
}

TEST_P(Transaction, xact_can_be_taken_again_in_the_next_transaction) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    const auto lock = lock_a({.xact = true});
    for (int i = 0; i < 3; ++i) {
        // The object is told of neither end nor beginning.
        begin(*a_);
        EXPECT_TRUE(lock->try_lock());
        EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::already_locked);
        commit(*a_);
        EXPECT_TRUE(is_free());
    }
}

TEST_P(Transaction, xact_knows_of_a_transaction_that_was_followed_by_another) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    const auto lock = lock_a({.xact = true});
    const auto twin = lock_a({.xact = true});
    begin(*a_);
    lock->lock();
    commit(*a_);
    begin(*a_);
    EXPECT_TRUE(twin->try_lock());
    EXPECT_TRUE(twin->verify());
    commit(*a_);
    begin(*a_);
    EXPECT_FALSE(twin->verify());
    commit(*a_);
}

TEST_P(Transaction, xact_ends_with_its_savepoint) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    if (GetParam().is_mssql() || GetParam().is_oracle()) {
        GTEST_SKIP() << "locks outlive savepoints, or nobody says what becomes of them";
    }
    without_savepoints_of_the_driver();
    const auto lock = lock_a({.xact = true});
    begin(*a_);
    *a_ << "savepoint mine";
    lock->lock();
    *a_ << "rollback to savepoint mine";
    EXPECT_FALSE(lock->verify());
    EXPECT_TRUE(is_free());
    *a_ << "savepoint yours";
    EXPECT_TRUE(lock->try_lock());
    *a_ << "release savepoint yours";
    EXPECT_TRUE(lock->verify());
    commit(*a_);
}

TEST_P(Transaction, xact_waits_leave_the_transaction_usable) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a({.xact = true});
    soci::transaction transaction(*a_);
    EXPECT_FALSE(lock->try_lock_for(30ms));
    EXPECT_TRUE(is_usable(*a_));
    auto waiting = in_thread([&] { return lock->try_lock_for(30s); });
    wait_for_waiters(*holder, 1);
    holder->release();
    EXPECT_TRUE(waiting.get());
    EXPECT_TRUE(lock->verify());
    EXPECT_TRUE(is_usable(*a_));
    transaction.commit();
    EXPECT_TRUE(is_free());
}

// ---- Failed transactions. ----

TEST_P(Transaction, a_failed_transaction_refuses_an_acquire_before_anything_is_sent) {
    if (!GetParam().is_postgresql()) {
        GTEST_SKIP() << "an error does not fail the transaction";
    }
    without_savepoints_of_the_driver();
    begin(*a_);
    fail_transaction(*a_);
    const auto lock = lock_a();
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::transaction_failed);
    rollback(*a_);
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Transaction, a_guard_in_a_failed_transaction_gives_the_lock_back_and_leaves_it_failed) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    without_savepoints_of_the_driver();
    for (const bool shared : {false, true}) {
        if (shared && !has_shared()) {
            continue;
        }
        try {
            const dlock::ScopedLock guard(*a_, key_,
                                          {.shared = shared, .on_error = [](const auto& error) {
                                               ADD_FAILURE() << error.what();
                                           }});
            begin(*a_);
            fail_transaction(*a_);
            throw std::domain_error("the user's own");
        } catch (const std::domain_error&) {
        }
        EXPECT_TRUE(is_free()) << "the lock leaked";
        if (GetParam().is_postgresql()) {
            // Still failed: nothing that follows may be committed by itself.
            EXPECT_THROW(*a_ << "select 1", soci::soci_error);
        }
        rollback(*a_);
        EXPECT_TRUE(is_usable(*a_));
    }
}

TEST_P(Transaction, xact_is_not_believed_in_once_its_transaction_has_failed) {
    if (!GetParam().is_postgresql() || GetParam().is_odbc()) {
        GTEST_SKIP() << "an error does not fail the transaction, or the client does not tell";
    }
    const auto lock = lock_a({.xact = true});
    begin(*a_);
    lock->lock();
    fail_transaction(*a_);
    EXPECT_FALSE(lock->locked());
    EXPECT_TRUE(is_free()) << "PostgreSQL frees it at once";
    rollback(*a_);
    EXPECT_FALSE(lock->locked());
    begin(*a_);
    EXPECT_TRUE(lock->try_lock());
    commit(*a_);
}

// ---- Isolation. ----

TEST_P(Transaction, a_lock_that_would_read_stale_data_is_refused_unless_allowed) {
    if (!GetParam().is_postgresql()) {
        GTEST_SKIP() << "PostgreSQL's rule";
    }
    for (const char* const level : {"repeatable read", "serializable"}) {
        for (const bool xact : {false, true}) {
            if (GetParam().is_odbc()) {  // whose driver puts a savepoint before all statements
                *a_ << "set default_transaction_isolation = '" + std::string(level) + "'";
                begin(*a_);
            } else {
                *a_ << std::string("begin isolation level ") + level;
            }
            const auto lock = lock_a({.xact = xact});
            EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::stale_snapshot);
            EXPECT_EQ(thrown([&] { (void)lock->try_lock_for(1s); }), dlock::errc::stale_snapshot);
            EXPECT_TRUE(is_free());
            EXPECT_TRUE(is_usable(*a_));
            const auto allowed = lock_a({.xact = xact, .allow_stale_snapshot = true});
            EXPECT_TRUE(allowed->try_lock());
            commit(*a_);
        }
    }
    // Outside a transaction the level does not matter.
    *a_ << "set default_transaction_isolation = 'serializable'";
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a();
    EXPECT_FALSE(lock->try_lock_for(30ms));
    holder->release();
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Transaction, what_was_written_under_the_lock_is_seen_under_the_lock) {
    if (GetParam().is_simulated()) {
        GTEST_SKIP() << "the simulator stores no data";
    }
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "the side file has no part in transactions";
    }
    const std::string table = "dlock_" + std::to_string(std::hash<std::string>{}(key_) % 1000000);
    *a_ << "create table " + table + " (n int)";
    *a_ << "insert into " + table + " values (0)";
    const auto work = [&](soci::session& sql) {
        const auto lock = make_lock(sql, key_);
        for (int i = 0; i < 50; ++i) {
            lock->lock();
            int n = 0;
            sql << "select n from " + table, soci::into(n);
            sql << "update " + table + " set n = " + std::to_string(n + 1);
            lock->release();
        }
    };
    auto other = in_thread([&] { work(*b_); });
    work(*a_);
    other.get();
    int n = 0;
    *a_ << "select n from " + table, soci::into(n);
    *a_ << "drop table " + table;
    EXPECT_EQ(n, 100);
}

}  // namespace dlock_test
