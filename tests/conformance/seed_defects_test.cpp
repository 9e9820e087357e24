// Defects that sqlalchemy-dlock has on these servers, by their number in docs/design.md: those that
// no other case of the suite shows to be absent.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

#include <cmath>

namespace dlock_test {

class SeedDefects : public OnEachDatabase {};
DLOCK_ON_EACH_DATABASE(SeedDefects);

TEST_P(SeedDefects, D1_an_acquire_without_limit_works_on_mariadb_as_well) {
    const auto lock = lock_a();
    EXPECT_TRUE(lock->acquire());
    EXPECT_TRUE(lock->verify());
}

TEST_P(SeedDefects, D2_a_database_error_under_the_lock_neither_leaks_it_nor_hides_the_error) {
    if (is_async()) {
        GTEST_SKIP() << scoped_lock_is_blocking;
    }
    try {
        const dlock::ScopedLock guard(*a_, key_);
        *a_ << "select nothing_of_this_name";
        ADD_FAILURE();
    } catch (const soci::soci_error& error) {
        EXPECT_NE(std::string(error.what()).find("nothing_of_this_name"), std::string::npos);
    }
    EXPECT_TRUE(is_free());
}

TEST_P(SeedDefects, D5_a_commit_under_the_lock_does_not_let_another_session_in) {
    const auto lock = lock_a();
    soci::transaction transaction(*a_);
    lock->lock();
    transaction.commit();
    EXPECT_FALSE(is_free());
    EXPECT_TRUE(lock->verify());
    lock->release();
    EXPECT_TRUE(is_free());
}

TEST_P(SeedDefects, D10_a_timeout_does_not_last_for_a_whole_polling_interval) {
    const auto holder = lock_b();
    holder->lock();
    for (const auto strategy : {dlock::WaitStrategy::server, dlock::WaitStrategy::polling}) {
        const auto lock = lock_a({.wait = strategy, .poll_interval = 1h});
        const auto start = std::chrono::steady_clock::now();
        EXPECT_FALSE(lock->try_lock_for(50ms));
        EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
    }
}

TEST_P(SeedDefects, D11_a_timeout_that_is_not_a_number_is_refused) {
    const auto lock = lock_a();
    const std::chrono::duration<double> nan(std::nan(""));
    EXPECT_EQ(thrown([&] { (void)lock->try_lock_for(nan); }), dlock::errc::invalid_option);
    EXPECT_EQ(thrown([&] { (void)lock_a({.poll_jitter = std::nan("")}); }),
              dlock::errc::invalid_option);
    EXPECT_TRUE(is_free());
}

TEST_P(SeedDefects, D14_timeouts_below_a_second_are_waits_and_not_rounded) {
    const auto holder = lock_b();
    const auto lock = lock_a();
    for (const auto limit : {50ms, 400ms, 900ms}) {
        holder->lock();
        const auto start = std::chrono::steady_clock::now();
        EXPECT_FALSE(lock->try_lock_for(limit));
        const auto took = std::chrono::steady_clock::now() - start;
        EXPECT_GE(took, limit);
        holder->release();
    }
    // Freed while it waits; the wait may be over before, on a machine that stands still for long.
    bool granted = false;
    for (int i = 0; i < 10 && !granted; ++i) {
        holder->lock();
        auto waiting = in_thread([&] { return lock->try_lock_for(900ms); });
        EXPECT_TRUE(eventually([&] {
            return waiting.wait_for(0s) == std::future_status::ready ||
                   GetParam().is_oracle() ||  // there what is below a second is polled
                   GetParam().is_sqlite() ||  // and here nobody sees it
                   view().waiters(holder->actual_key()) == 1;
        }));
        holder->release();
        granted = waiting.get();
    }
    EXPECT_TRUE(granted);
}

TEST_P(SeedDefects, D15_a_held_lock_keeps_no_transaction_open) {
    if (!GetParam().is_postgresql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "seen in pg_stat_activity";
    }
    const long long id = view().session_id(*a_);
    const auto holder = lock_b();
    holder->lock();
    const auto lock = lock_a();
    EXPECT_FALSE(lock->try_lock_for(5ms));
    holder->release();
    lock->lock();
    std::string state;
    view().sql() << "select state from pg_stat_activity where pid = " + std::to_string(id),
        soci::into(state);
    EXPECT_EQ(state, "idle");
}

TEST_P(SeedDefects, D24_native_errors_arrive_typed) {
    if (!GetParam().is_postgresql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "permissions of functions are PostgreSQL's";
    }
    view().sql() << "revoke execute on function pg_try_advisory_lock(bigint) from public";
    const auto lock = lock_a();
    try {
        (void)lock->try_lock();
        ADD_FAILURE() << "granted without the right";
    } catch (const dlock::LockError& error) {
        EXPECT_EQ(error.which(), dlock::errc::permission_denied);
        EXPECT_EQ(error.code(), std::errc::permission_denied);
        EXPECT_EQ(error.sqlstate(), "42501");
        EXPECT_FALSE(error.native_message().empty());
        EXPECT_EQ(error.retry(), dlock::Retry::never);
    }
    view().sql() << "grant execute on function pg_try_advisory_lock(bigint) to public";
}

}  // namespace dlock_test
