// The session is left as it was found, whatever is set on it.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fixture.hpp"

namespace dlock_test {

class Settings : public OnEachDatabase {
  protected:
    void SetUp() override {
        OnEachDatabase::SetUp();
        if (GetParam().is_sqlite() || GetParam().is_simulated()) {
            GTEST_SKIP() << "there are no settings";
        }
    }

    [[nodiscard]] std::string snapshot() {
        std::string all;
        if (GetParam().is_postgresql()) {
            *a_ << "select string_agg(name || '=' || setting, ',' order by name) from pg_settings "
                   "where name ~ 'timeout|interval|isolation|dlock'",
                soci::into(all);
        } else {
            const bool mariadb = dlock::capabilities(*a_).database == "MariaDB";
            *a_ << std::string(
                       "select concat_ws(',', @@lock_wait_timeout, @@wait_timeout, "
                       "@@autocommit, @@sql_mode, ") +
                       (mariadb ? "@@max_statement_time)" : "@@max_execution_time)"),
                soci::into(all);
        }
        return all;
    }

    void set_ambient(const std::string& time) {
        if (GetParam().is_postgresql()) {
            *a_ << "set lock_timeout = '" + time + "'";
            *a_ << "set statement_timeout = '" + time + "'";
        } else if (dlock::capabilities(*a_).database == "MariaDB") {
            *a_ << "set max_statement_time = 0.05";
        } else {
            *a_ << "set max_execution_time = 50";
        }
    }

    void every_kind_of_acquire(bool xact) {
        const auto holder = lock_b();
        const auto lock = lock_a({.xact = xact});
        holder->lock();
        EXPECT_FALSE(lock->try_lock());
        EXPECT_FALSE(lock->try_lock_for(20ms));
        auto waiting = in_thread([&] { return lock->try_lock_for(30s); });
        wait_for_waiters(*holder, 1);
        holder->release();
        EXPECT_TRUE(waiting.get());
    }
};
DLOCK_ON_EACH_DATABASE(Settings);

TEST_P(Settings, none_changes_outside_a_transaction) {
    for (const char* const time : {"0", "7s", "1d", "60010ms", "90min"}) {
        set_ambient(time);
        const std::string before = snapshot();
        every_kind_of_acquire(false);
        EXPECT_EQ(snapshot(), before);
    }
}

TEST_P(Settings, none_changes_inside_a_transaction) {
    for (const bool xact : {false, true}) {
        if (xact && !has_xact()) {
            continue;
        }
        for (const char* const time : {"0", "7s", "1d", "60010ms"}) {
            set_ambient(time);
            begin(*a_);
            if (GetParam().is_postgresql()) {
                *a_ << "set local lock_timeout = '3s'";
            }
            const std::string before = snapshot();
            every_kind_of_acquire(xact);
            EXPECT_EQ(snapshot(), before) << xact << " " << time;
            commit(*a_);
        }
    }
}

TEST_P(Settings, ambient_time_limits_neither_end_nor_shorten_a_wait) {
    set_ambient("50ms");
    const auto holder = lock_b();
    const auto lock = lock_a();
    holder->lock();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(lock->try_lock_for(300ms));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 300ms);
    auto waiting = in_thread([&] {
        lock->lock();
        return lock->verify();
    });
    wait_for_waiters(*holder, 1);
    // Longer than the ambient limit: the waiter must still be there.
    const auto end = std::chrono::steady_clock::now() + 200ms;
    EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > end; }));
    wait_for_waiters(*holder, 1);
    holder->release();
    EXPECT_TRUE(waiting.get());
}

TEST_P(Settings, the_users_own_statement_state_is_not_touched) {
    const auto lock = lock_a();
    int two = 0;
    *a_ << "select 2", soci::into(two);
    const std::string last = a_->get_last_query();
    lock->lock();
    lock->release();
    EXPECT_EQ(a_->get_last_query(), last);
    EXPECT_TRUE(a_->got_data());
}

}  // namespace dlock_test
