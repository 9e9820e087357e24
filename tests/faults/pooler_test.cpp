// Locks behind pgbouncer: found before anything is taken, and refused unless the caller vouches.
// SPDX-License-Identifier: BSL-1.0
#include "support/databases.hpp"
#include "support/gate.hpp"
#include "support/pgbouncer.hpp"
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <optional>
#include <string>

namespace dlock_test {
namespace {

std::optional<Database> postgresql(bool odbc = false) {
    for (const Database& database : databases()) {
        if (database.is_postgresql() && database.is_odbc() == odbc && !database.is_simulated()) {
            return database;
        }
    }
    return std::nullopt;
}

}  // namespace

class BehindPgbouncer : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        database_ = postgresql();
        if (!database_) {
            GTEST_SKIP() << "no PostgreSQL in DLOCK_TEST_URLS";
        }
        bouncer_ = std::make_unique<Pgbouncer>(*database_, GetParam());
        session_ = bouncer_->open_session();
        ASSERT_NE(session_, nullptr) << "pgbouncer did not start";
    }

    std::optional<Database> database_;
    std::unique_ptr<Pgbouncer> bouncer_;
    std::unique_ptr<soci::session> session_;
};

INSTANTIATE_TEST_SUITE_P(Modes, BehindPgbouncer,
                         testing::Values("session", "transaction", "statement"),
                         [](const auto& info) { return info.param; });

TEST_P(BehindPgbouncer, every_acquire_is_refused_and_takes_nothing) {
    ServerView view(*database_);
    const auto lock = dlock::create_lock(*session_, unique_key());
    for (const dlock::Wait wait : {dlock::no_wait, dlock::Wait(std::chrono::seconds(1))}) {
        std::error_code error;
        EXPECT_FALSE(lock->acquire(wait, error));
        EXPECT_EQ(error, dlock::errc::pooler_detected);
        EXPECT_EQ(view.holders(lock->actual_key()), 0);
    }
}

// In the other modes the promise would be false.
class BehindSessionPgbouncer : public BehindPgbouncer {};
INSTANTIATE_TEST_SUITE_P(Modes, BehindSessionPgbouncer, testing::Values("session"),
                         [](const auto& info) { return info.param; });

TEST_P(BehindSessionPgbouncer, works_if_the_caller_vouches_for_it) {
    ServerView view(*database_);
    const dlock::LockOptions vouched{.pooler = dlock::Pooler::session_mode};
    const auto lock = dlock::create_lock(*session_, unique_key(), vouched);
    lock->lock();
    EXPECT_TRUE(lock->verify());
    EXPECT_EQ(view.holders(lock->actual_key()), 1);
    const auto other_session = bouncer_->open_session();
    const auto other = dlock::create_lock(*other_session, lock->key(), vouched);
    EXPECT_FALSE(other->try_lock_for(std::chrono::milliseconds(20)));
    lock->release();
    EXPECT_EQ(view.holders(lock->actual_key()), 0);
}

// By ODBC the server session is not known; so it is marked, and the first to mark it keeps it.
class BehindPgbouncerByOdbc : public BehindPgbouncer {
  protected:
    void SetUp() override {
        BehindPgbouncer::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        by_odbc_ = postgresql(true);
        if (!by_odbc_) {
            GTEST_SKIP() << "no psqlODBC in DLOCK_TEST_URLS";
        }
        set_port(*by_odbc_, port_of(bouncer_->database()));
        // The only server session of the pool, used and given back.
        *session_ << "select 1";
        session_ = nullptr;
    }

    std::optional<Database> by_odbc_;
};
INSTANTIATE_TEST_SUITE_P(Modes, BehindPgbouncerByOdbc, testing::Values("transaction", "statement"),
                         [](const auto& info) { return info.param; });

TEST_P(BehindPgbouncerByOdbc, a_server_session_locks_for_one_client_only) {
    ServerView view(*database_);
    const auto first_session = by_odbc_->open();
    const auto first = dlock::create_lock(*first_session, unique_key());
    ASSERT_TRUE(first->try_lock());
    {
        const auto session = by_odbc_->open();
        for (const dlock::Key& key : {first->key(), dlock::Key(unique_key())}) {
            for (const dlock::Wait wait : {dlock::no_wait, dlock::Wait(std::chrono::seconds(1))}) {
                const auto second = dlock::create_lock(*session, key);
                std::error_code error;
                EXPECT_FALSE(second->acquire(wait, error));
                EXPECT_EQ(error, dlock::errc::pooler_detected);
            }
        }
    }
    EXPECT_EQ(view.holders(first->actual_key()), 1);
    EXPECT_TRUE(first->verify());
    first->release();
    EXPECT_EQ(view.holders(first->actual_key()), 0);
}

TEST_P(BehindPgbouncerByOdbc, the_lock_of_another_client_is_neither_held_nor_given_back) {
    ServerView view(*database_);
    const auto session = by_odbc_->open();
    const auto lock = dlock::create_lock(*session, unique_key());
    ASSERT_TRUE(lock->try_lock());
    // As if the pooler had given this client's server session away, and another's to it.
    *session << "select set_config('dlock.session', '1', false)";
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(view.holders(lock->actual_key()), 1);
    const auto again = dlock::create_lock(*session, lock->key());
    EXPECT_THROW((void)again->try_lock(), dlock::LockError);
}

}  // namespace dlock_test
