// One case, run on every database by every road.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/column.hpp"
#include "conformance/test_lock.hpp"
#include "support/server_view.hpp"

#include <dlock/dlock.hpp>

#include <gtest/gtest.h>
#include <soci/soci.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace dlock_test {

using namespace std::chrono_literals;

/// Two sessions on one database, and a key of the test's own.
class OnEachDatabase : public testing::TestWithParam<Column> {
  protected:
    void SetUp() override {
        a_ = GetParam().open();
        b_ = GetParam().open();
        key_ = unique_key();
        (void)view();  // a login that fails must not leave a thread waiting in the middle of a case
    }

    /// A lock in a session or pool, by the column's road.
    template <class Sessions>
    [[nodiscard]] std::unique_ptr<TestLock> make_lock(Sessions& sessions, const dlock::Key& key,
                                                      dlock::LockOptions options = {}) {
        return dlock_test::make_lock(GetParam().road, sessions, key, std::move(options));
    }
    [[nodiscard]] std::unique_ptr<TestLock> lock_a(dlock::LockOptions options = {}) {
        return make_lock(*a_, key_, std::move(options));
    }
    [[nodiscard]] std::unique_ptr<TestLock> lock_b(dlock::LockOptions options = {}) {
        return make_lock(*b_, key_, std::move(options));
    }

    /// True where the locks' operations are asynchronous. A case that makes no sense then is
    /// skipped.
    [[nodiscard]] static bool is_async() { return GetParam().road == Road::async; }
    static constexpr const char* scoped_lock_is_blocking = "ScopedLock has no asynchronous twin";

    [[nodiscard]] ServerView& view() {
        if (view_ == nullptr) {
            view_ = std::make_unique<ServerView>(GetParam());
        }
        return *view_;
    }

    /// Waits until `count` sessions wait for the key in the server. SQLite has no server to ask:
    /// there the tests only rely on the wait being longer than the case needs.
    void wait_for_waiters(const TestLock& lock, int count) {
        if (GetParam().is_sqlite()) {
            return;
        }
        ASSERT_TRUE(eventually([&] { return view().waiters(lock.actual_key()) == count; }))
            << "waiters: " << view().waiters(lock.actual_key());
    }

    /// True if a session that is neither a_ nor b_ can take the key now. Looked at by the blocking
    /// road always.
    [[nodiscard]] bool is_free() {
        const auto session = GetParam().open();
        return dlock::create_lock(*session, key_)->try_lock();
    }

    /// Begins a transaction, by a literal BEGIN where that works: psqlODBC knows of none that SOCI
    /// sends, and commits after the next statement that is no query.
    void begin(soci::session& sql) const { run_or(sql, "begin", &soci::session::begin); }
    void commit(soci::session& sql) const { run_or(sql, "commit", &soci::session::commit); }
    void rollback(soci::session& sql) const { run_or(sql, "rollback", &soci::session::rollback); }

    /// False where nothing tells whether a transaction is open: MySQL over ODBC.
    [[nodiscard]] bool queues_locally() {
        return !(GetParam().is_odbc() && dlock::capabilities(*a_).database == "MySQL");
    }

    /// False where the client library does not say, without a round trip, whether one is open.
    [[nodiscard]] bool client_tells_of_transactions() const {
        return !GetParam().is_mssql() && !GetParam().is_oracle();
    }

    [[nodiscard]] bool has_shared() {
        return dlock::capabilities(*a_).modes.contains(dlock::Mode::shared);
    }
    [[nodiscard]] bool has_xact() { return dlock::capabilities(*a_).xact; }

    std::unique_ptr<soci::session> a_;
    std::unique_ptr<soci::session> b_;
    std::string key_;

  private:
    void run_or(soci::session& sql, const char* statement, void (soci::session::*call)()) const {
        if (GetParam().is_odbc() && !GetParam().is_mysql()) {
            (sql.*call)();
        } else {
            sql << statement;
        }
    }

    std::unique_ptr<ServerView> view_;
};

/// The errc that `function` throws; fails if it throws none.
[[nodiscard]] inline dlock::errc thrown(const std::function<void()>& function) {
    try {
        function();
    } catch (const dlock::LockError& error) {
        return error.which();
    }
    ADD_FAILURE() << "nothing was thrown";
    return dlock::errc{};
}

/// Runs `function` on a thread of its own.
template <class Function>
[[nodiscard]] auto in_thread(Function function) {
    return std::async(std::launch::async, std::move(function));
}

#define DLOCK_ON_EACH_DATABASE(Suite)                                                      \
    INSTANTIATE_TEST_SUITE_P(Conformance, Suite, testing::ValuesIn(dlock_test::columns()), \
                             [](const auto& info) { return info.param.test_name(); })

}  // namespace dlock_test
