// Fencing tokens: they rise with every grant, and what is stale is refused.
// SPDX-License-Identifier: BSL-1.0
#include "conformance/fencing_case.hpp"

#include <map>
#include <vector>

namespace dlock_test {

class Fencing : public FencingCase {};
DLOCK_ON_EACH_DATABASE(Fencing);

TEST_P(Fencing, every_grant_has_a_higher_token) {
    const auto a = fenced_a();
    const auto b = fenced_b();
    std::int64_t last = 0;
    for (int i = 0; i < 5; ++i) {
        for (TestLock* const lock : {a.get(), b.get()}) {
            const std::int64_t token = draw(*lock);
            EXPECT_GT(token, last);
            last = token;
        }
    }
    // Objects and sessions of their own change nothing.
    b_ = GetParam().open();
    EXPECT_GT(draw(*fenced_b()), last);
}

TEST_P(Fencing, a_token_is_told_while_the_lock_is_held) {
    const auto lock = fenced_a();
    EXPECT_FALSE(lock->fencing_token().has_value());
    lock->lock();
    const auto token = lock->fencing_token();
    ASSERT_TRUE(token.has_value());
    EXPECT_GT(*token, 0);
    EXPECT_TRUE(lock->verify());
    EXPECT_EQ(lock->fencing_token(), token);
    EXPECT_FALSE(fenced_b()->try_lock());
    EXPECT_EQ(lock->fencing_token(), token);
    lock->release();
    EXPECT_FALSE(lock->fencing_token().has_value());
}

TEST_P(Fencing, without_the_option_there_is_none) {
    const auto lock = lock_a();
    lock->lock();
    EXPECT_FALSE(lock->fencing_token().has_value());
}

TEST_P(Fencing, a_grant_after_a_wait_has_a_higher_token) {
    const auto holder = fenced_b();
    const auto lock = fenced_a();
    holder->lock();
    const auto before = holder->fencing_token();
    auto waiting = in_thread([&] { return lock->try_lock_for(30s); });
    wait_for_waiters(*holder, 1);
    holder->release();
    ASSERT_TRUE(waiting.get());
    EXPECT_GT(lock->fencing_token(), before);
}

TEST_P(Fencing, tokens_rise_in_the_order_of_the_grants_among_many) {
    constexpr int threads = 4;
    constexpr int rounds = 25;
    const std::vector<std::string> keys{unique_key(), unique_key()};
    std::map<std::string, std::int64_t> last{{keys[0], 0}, {keys[1], 0}};
    std::vector<std::future<void>> all;
    for (int thread = 0; thread < threads; ++thread) {
        all.push_back(in_thread([&, thread] {
            const auto sql = GetParam().open();
            for (int i = 0; i < rounds; ++i) {
                const std::string& key = keys[static_cast<std::size_t>(i + thread) % 2];
                const auto lock = make_lock(*sql, key, {.fencing = true});
                lock->lock();
                std::int64_t& highest = last.at(key);  // guarded by the lock
                EXPECT_GT(lock->fencing_token().value_or(-1), highest);
                highest = lock->fencing_token().value_or(-1);
                lock->release();
            }
        }));
    }
    for (auto& one : all) {
        one.get();
    }
}

TEST_P(Fencing, those_who_share_a_lock_have_tokens_of_their_own) {
    if (!has_shared()) {
        GTEST_SKIP() << "no shared mode";
    }
    const auto a = fenced_a({.shared = true});
    const auto b = fenced_b({.shared = true});
    a->lock();
    b->lock();
    EXPECT_GT(b->fencing_token(), a->fencing_token());
}

TEST_P(Fencing, counted_acquires_share_the_token_of_the_hold) {
    const auto one = fenced_a({.reentrancy = dlock::Reentrancy::counted});
    const auto two = fenced_a({.reentrancy = dlock::Reentrancy::counted});
    one->lock();
    const auto token = one->fencing_token();
    one->lock();
    two->lock();
    EXPECT_EQ(one->fencing_token(), token);
    EXPECT_EQ(two->fencing_token(), token);
    const auto unfenced = lock_a({.reentrancy = dlock::Reentrancy::counted});
    EXPECT_EQ(thrown([&] { (void)unfenced->try_lock(); }), dlock::errc::already_locked);
    one->release();
    one->release();
    two->release();
    EXPECT_GT(draw(*two), *token);
}

TEST_P(Fencing, a_lost_hold_still_tells_its_token) {
    if (GetParam().is_sqlite()) {
        GTEST_SKIP() << "there is no connection to lose";
    }
    const auto lock = fenced_a();
    lock->lock();
    const auto token = lock->fencing_token();
    view().terminate(view().session_id(*a_));
    EXPECT_TRUE(eventually([&] { return is_free(); }));
    EXPECT_FALSE(lock->verify());
    EXPECT_EQ(lock->state(), dlock::BaseLock::State::lost);
    EXPECT_EQ(lock->fencing_token(), token);
    EXPECT_EQ(thrown([&] { lock->release(); }), dlock::errc::lock_lost);
    EXPECT_FALSE(lock->fencing_token().has_value());
}

// ---- Options and transactions. ----

TEST_P(Fencing, xact_and_fencing_contradict_each_other) {
    if (!has_xact()) {
        GTEST_SKIP() << "no transaction-level locks";
    }
    EXPECT_EQ(thrown([&] { (void)fenced_a({.xact = true}); }), dlock::errc::invalid_option);
}

TEST_P(Fencing, in_an_open_transaction_it_is_refused) {
    if (GetParam().is_oracle()) {
        GTEST_SKIP() << "Oracle draws in a transaction of its own";
    }
    const auto lock = fenced_a();
    begin(*a_);
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::transaction_open);
    EXPECT_EQ(thrown([&] { (void)lock->try_lock_for(1s); }), dlock::errc::transaction_open);
    EXPECT_TRUE(is_free());
    commit(*a_);
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Fencing, beside_a_statement_that_is_not_finished_it_is_refused) {
    if (!GetParam().is_sqlite()) {
        GTEST_SKIP() << "such a statement holds no transaction open, or the session is busy";
    }
    const auto lock = fenced_a();
    {
        const soci::rowset<int> rows =
            (a_->prepare << "select id from dlock_fencing union all select 2");
        const auto open = rows.begin();
        EXPECT_EQ(*open, 1);
        EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::transaction_open);
        EXPECT_TRUE(is_free());
    }
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Fencing, with_autocommit_off_it_is_refused) {
    if (!GetParam().is_mysql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "MySQL's autocommit";
    }
    *a_ << "set autocommit = 0";
    const auto lock = fenced_a();
    EXPECT_EQ(thrown([&] { (void)lock->try_lock(); }), dlock::errc::transaction_open);
    EXPECT_TRUE(is_free());
    *a_ << "set autocommit = 1";
    EXPECT_TRUE(lock->try_lock());
}

TEST_P(Fencing, a_counted_acquire_in_a_transaction_draws_nothing_and_is_no_error) {
    const auto lock = fenced_a({.reentrancy = dlock::Reentrancy::counted});
    lock->lock();
    const auto token = lock->fencing_token();
    begin(*a_);
    EXPECT_TRUE(lock->try_lock());
    EXPECT_EQ(lock->fencing_token(), token);
    rollback(*a_);
}

// ---- The session is left as it was. ----

TEST_P(Fencing, the_last_insert_id_is_as_it_was) {
    if (!GetParam().is_mysql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "MySQL's LAST_INSERT_ID()";
    }
    const auto lock = fenced_a();
    *a_ << "create temporary table numbers (id int primary key auto_increment, x int)";
    *a_ << "alter table numbers auto_increment = 4242";
    *a_ << "insert into numbers (x) values (1)";
    (void)draw(*lock);
    long long id = 0;
    *a_ << "select last_insert_id()", soci::into(id);
    EXPECT_EQ(id, 4242);
    *a_ << "do last_insert_id(18446744073709551610)";
    (void)draw(*lock);
    int is_same = 0;
    *a_ << "select last_insert_id() = 18446744073709551610", soci::into(is_same);
    EXPECT_EQ(is_same, 1) << "a number that only fits unsigned";
}

TEST_P(Fencing, the_settings_of_the_session_neither_stop_it_nor_change) {
    if (!GetParam().is_postgresql() || GetParam().is_simulated()) {
        GTEST_SKIP() << "PostgreSQL's settings";
    }
    const std::map<std::string, std::string> settings{
        {"default_transaction_isolation", "serializable"},
        {"default_transaction_read_only", "on"},
        {"synchronous_commit", "off"},
        {"lock_timeout", "7s"}};
    for (const auto& [name, value] : settings) {
        *a_ << "set " + name + " = '" + value + "'";
    }
    (void)draw(*fenced_a());
    for (const auto& [name, value] : settings) {
        std::string now;
        *a_ << "show " + name, soci::into(now);
        EXPECT_EQ(now, value) << name;
    }
}

TEST_P(Fencing, a_session_of_sqlite_keeps_its_own_durability) {
    if (!GetParam().is_sqlite()) {
        GTEST_SKIP() << "SQLite's PRAGMA";
    }
    for (const int level : {0, 1, 2, 3}) {
        *a_ << "pragma synchronous = " + std::to_string(level);
        (void)draw(*fenced_a());
        int now = -1;
        *a_ << "pragma synchronous", soci::into(now);
        EXPECT_EQ(now, level);
    }
}

// ---- What they are for. ----

TEST_P(Fencing, a_stale_writer_is_refused_by_what_it_writes_to) {
    if (GetParam().is_simulated() || GetParam().is_sqlite()) {
        GTEST_SKIP() << "no data, or no connection to lose";
    }
    const std::string table = table_name();
    *b_ << "create table " + table + " (id int primary key, value int, token numeric(19))";
    *b_ << "insert into " + table + " values (1, 0, 0)";
    const auto write = [&](soci::session& sql, int value, std::int64_t token) {
        // A row that is found counts, whether or not it changes.
        sql << "update " + table + " set value = " + std::to_string(value) +
                   ", token = " + std::to_string(token) +
                   " where id = 1 and token <= " + std::to_string(token);
    };
    const auto value = [&] {
        int found = -1;
        *b_ << "select value from " + table, soci::into(found);
        return found;
    };
    const auto stale = fenced_a();
    stale->lock();
    const std::int64_t old = stale->fencing_token().value_or(0);
    write(*b_, 1, old);
    EXPECT_EQ(value(), 1);

    // The holder does not know yet that it has lost the lock, and somebody else has it.
    view().terminate(view().session_id(*a_));
    const auto next = fenced_b();
    ASSERT_TRUE(next->try_lock_for(20s));
    write(*b_, 2, next->fencing_token().value_or(0));
    EXPECT_EQ(value(), 2);

    const auto other_connection = GetParam().open();
    write(*other_connection, 3, old);
    EXPECT_EQ(value(), 2) << "the stale write was accepted";
    write(*b_, 4, next->fencing_token().value_or(0));
    EXPECT_EQ(value(), 4);
    next->release();
    *b_ << "drop table " + table;
}

TEST_P(Fencing, a_write_through_the_session_that_held_the_lock_is_refused_after_the_loss) {
    if (GetParam().is_simulated() || GetParam().is_sqlite()) {
        GTEST_SKIP() << "no data, or no connection to lose";
    }
    const std::string table = table_name();
    *b_ << "create table " + table + " (value int)";
    *b_ << "insert into " + table + " values (0)";
    const auto mine = lock_a();
    mine->lock();
    *a_ << "update " + table + " set value = 1";
    view().terminate(view().session_id(*a_));
    const auto next = lock_b();
    ASSERT_TRUE(next->try_lock_for(20s));
    *b_ << "update " + table + " set value = 2";
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(*a_ << "update " + table + " set value = 3", soci::soci_error);
    }
    int value = 0;
    *b_ << "select value from " + table, soci::into(value);
    EXPECT_EQ(value, 2);
    next->release();
    *b_ << "drop table " + table;
}

}  // namespace dlock_test
