// Locks behind pgbouncer: found before anything is taken, and refused unless the caller vouches.
// SPDX-License-Identifier: BSL-1.0
#include "support/databases.hpp"
#include "support/pgbouncer.hpp"
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <optional>
#include <string>

namespace dlock_test {
namespace {

std::optional<Database> postgresql() {
    for (const Database& database : databases()) {
        if (database.is_postgresql() && database.is_native()) {
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

}  // namespace dlock_test
