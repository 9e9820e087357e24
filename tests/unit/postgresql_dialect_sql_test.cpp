// The SQL that PostgreSQL's machine sends: guards, keys, settings, and that no locale changes it.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql_key.hpp"
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <locale>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

constexpr PostgresqlSettings plain{.server_version = 150020};
constexpr PostgresqlSettings marked{.server_version = 150020, .mark = 77};

// Everything that a lock on `key` sends in and outside a transaction.
std::string all_sql(const PostgresqlSettings& settings, const ActualKey& key, Mode mode) {
    std::string all;
    for (const Situation& situation : {idle(mode), active(mode), failed(mode)}) {
        for (const Op op : {Op::try_acquire, Op::wait, Op::verify, Op::release}) {
            Machine machine = postgresql(settings, key);
            machine.start(op, waiting(situation, 123456s));
            if (machine.step().send != nullptr) {
                EXPECT_EQ(machine.sent().parameter, "") << "nothing is bound";
                all += machine.sql() + '\n';
                machine.reply(no_row());  // the diagnosis of the guards, where there are any
                all += machine.step().send != nullptr ? machine.sql() + '\n' : "";
            }
        }
    }
    return all;
}

std::string try_sql(const PostgresqlSettings& settings, const Situation& situation,
                    const ActualKey& key = ActualKey(std::int64_t{42})) {
    Machine machine = postgresql(settings, key);
    machine.start(Op::try_acquire, situation);
    return machine.sql();
}

std::string wait_sql(const PostgresqlSettings& settings, const Situation& situation) {
    Machine machine = postgresql(settings);
    machine.start(Op::wait, waiting(situation));
    return machine.sql();
}

std::string verify_sql(const ActualKey& key, Mode mode = Mode::exclusive) {
    Machine machine = postgresql(plain, key);
    machine.start(Op::verify, idle(mode));
    return machine.sql();
}

// ---- Keys. ----

TEST(PostgresqlSql, both_key_spaces_stand_in_the_call_and_in_the_question) {
    const struct {
        ActualKey key;
        const char* arguments;
        const char* halves;
    } cases[] = {
        {ActualKey(std::int64_t{42}), "(42)", "classid = 0 AND objid = 42 AND objsubid = 1 "},
        {ActualKey(std::int64_t{-1}), "(-1)",
         "classid = 4294967295 AND objid = 4294967295 AND objsubid = 1 "},
        {ActualKey(std::int64_t{5'000'000'000}), "(5000000000)",
         "classid = 1 AND objid = 705032704 AND objsubid = 1 "},
        {ActualKey(std::numeric_limits<std::int64_t>::min()), "(-9223372036854775808)",
         "classid = 2147483648 AND objid = 0 AND objsubid = 1 "},
        {ActualKey(Int32Pair{1, 2}), "(1, 2)", "classid = 1 AND objid = 2 AND objsubid = 2 "},
        {ActualKey(Int32Pair{-1, std::numeric_limits<std::int32_t>::min()}), "(-1, -2147483648)",
         "classid = 4294967295 AND objid = 2147483648 AND objsubid = 2 "},
    };
    for (const auto& [key, arguments, halves] : cases) {
        EXPECT_TRUE(contains(try_sql(plain, idle(), key),
                             std::string("pg_catalog.pg_try_advisory_lock") + arguments));
        EXPECT_TRUE(contains(verify_sql(key), halves)) << verify_sql(key);
        Machine machine = postgresql(plain, key);
        machine.start(Op::release, idle());
        EXPECT_TRUE(contains(machine.sql(), std::string("pg_advisory_unlock") + arguments));
    }
}

TEST(PostgresqlSql, hostile_keys_never_get_into_it) {
    const std::string bytes("x\0y'", 4);
    for (const std::string& text :
         {std::string("'); DROP TABLE users; --"), std::string("\\"), std::string("$$:key"),
          std::string("\" OR 1=1"), bytes, std::string("\xf0\x9f\x94\x92 ~ zz")}) {
        const Key key(text);
        const ActualKey actual = make_postgresql_key(key);
        const std::string all = all_sql(plain, actual, Mode::exclusive);
        EXPECT_FALSE(contains(all, text));
        EXPECT_EQ(all.find_first_of("\"\\$~:"), std::string::npos);
        for (const char c : all) {
            EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
        }
        EXPECT_TRUE(contains(all, "(" + actual.to_string() + ")"));
    }
}

TEST(PostgresqlSql, names_are_qualified_so_that_no_search_path_changes_them) {
    for (const bool xact : {false, true}) {
        for (const Mode mode : {Mode::exclusive, Mode::shared}) {
            const PostgresqlSettings settings{.server_version = 170000, .xact = xact};
            const std::string all = all_sql(settings, ActualKey(std::int64_t{42}), mode);
            for (const char* name : {"pg_advisory", "pg_try_advisory", "pg_backend_pid(",
                                     "pg_is_in_recovery(", "current_setting(", "pg_locks"}) {
                EXPECT_EQ(count(all, name), count(all, std::string("pg_catalog.") + name)) << name;
            }
        }
    }
}

// ---- Modes and scopes. ----

TEST(PostgresqlSql, mode_and_scope_choose_the_function) {
    const PostgresqlSettings xact{.server_version = 150020, .xact = true};
    EXPECT_TRUE(contains(try_sql(plain, idle()), "pg_try_advisory_lock(42)"));
    EXPECT_TRUE(contains(try_sql(plain, idle(Mode::shared)), "pg_try_advisory_lock_shared(42)"));
    EXPECT_TRUE(contains(try_sql(xact, active()), "pg_try_advisory_xact_lock(42)"));
    EXPECT_TRUE(
        contains(try_sql(xact, active(Mode::shared)), "pg_try_advisory_xact_lock_shared(42)"));
    EXPECT_TRUE(contains(verify_sql(ActualKey(std::int64_t{42})), "mode = 'ExclusiveLock'"));
    EXPECT_TRUE(
        contains(verify_sql(ActualKey(std::int64_t{42}), Mode::shared), "mode = 'ShareLock'"));
}

TEST(PostgresqlSql, the_question_is_about_this_session_and_database_and_what_is_granted) {
    const std::string sql = verify_sql(ActualKey(std::int64_t{42}));
    EXPECT_TRUE(contains(sql, "locktype = 'advisory'"));
    EXPECT_TRUE(contains(sql, "datname = pg_catalog.current_database()"));
    EXPECT_TRUE(contains(sql, "pid = pg_catalog.pg_backend_pid()"));
    EXPECT_TRUE(contains(sql, "granted"));
}

// ---- Guards. ----

TEST(PostgresqlSql, the_guards_stand_in_the_statement_that_takes_the_lock) {
    EXPECT_EQ(try_sql(plain, idle()),
              "SELECT pg_catalog.pg_try_advisory_lock(42) WHERE pg_catalog.pg_backend_pid() = 4711 "
              "AND NOT pg_catalog.pg_is_in_recovery()");
    EXPECT_EQ(try_sql(plain, active()),
              "SELECT pg_catalog.pg_try_advisory_lock(42) WHERE pg_catalog.pg_backend_pid() = 4711 "
              "AND NOT pg_catalog.pg_is_in_recovery() AND NOT "
              "(pg_catalog.current_setting('transaction_isolation') IN "
              "('repeatable read', 'serializable'))");
}

TEST(PostgresqlSql, guards_that_are_switched_off_are_left_out) {
    EXPECT_EQ(try_sql({.server_version = 150020, .check_identity = false}, idle()),
              "SELECT pg_catalog.pg_try_advisory_lock(42) WHERE NOT "
              "pg_catalog.pg_is_in_recovery()");
    EXPECT_FALSE(contains(
        try_sql({.server_version = 150020, .allow_stale_snapshot = true}, active()), "isolation"));
}

// ---- The mark, where the client knows no server session. ----

TEST(PostgresqlSql, a_mark_is_set_or_compared_in_the_statement_that_takes_the_lock) {
    Situation situation = idle();
    situation.identity = 0;
    const std::string mark = "coalesce(pg_catalog.current_setting('dlock.session', true), '')";
    EXPECT_EQ(try_sql(marked, situation),
              "SELECT pg_catalog.pg_try_advisory_lock(42) WHERE CASE " + mark +
                  " WHEN '77' THEN true WHEN '' THEN pg_catalog.set_config('dlock.session', '77', "
                  "false) = '77' ELSE false END AND NOT pg_catalog.pg_is_in_recovery()");
    const std::string wait = wait_sql(marked, situation);
    const auto first = wait.find("WHEN '77' THEN true");
    EXPECT_NE(first, std::string::npos);
    EXPECT_NE(wait.find("WHEN '77' THEN true", first + 1), std::string::npos) << "both locks";
}

TEST(PostgresqlSql, in_the_session_of_another_nothing_is_held_or_given_back) {
    const std::string own =
        "coalesce(pg_catalog.current_setting('dlock.session', true), '') IN ('', '77')";
    Machine machine = postgresql(marked);
    machine.start(Op::release, idle());
    EXPECT_EQ(machine.sql(),
              "SELECT CASE WHEN " + own + " THEN pg_catalog.pg_advisory_unlock(42) ELSE false END");
    Machine asked = postgresql(marked);
    asked.start(Op::verify, idle());
    EXPECT_TRUE(contains(asked.sql(), " AND " + own));
}

TEST(PostgresqlSql, no_mark_is_used_where_a_caller_vouches_or_the_server_is_too_old_for_it) {
    Situation situation = idle();
    situation.identity = 0;
    for (const PostgresqlSettings& settings :
         {PostgresqlSettings{.server_version = 150020, .check_identity = false, .mark = 77},
          PostgresqlSettings{.server_version = 90524, .mark = 77}}) {
        EXPECT_FALSE(contains(try_sql(settings, situation), "dlock.session"));
    }
}

// ---- The wait. ----

TEST(PostgresqlSql, a_wait_outside_a_transaction_leaves_no_setting_behind) {
    EXPECT_EQ(wait_sql(plain, idle()),
              "SET LOCAL lock_timeout = 10000; SET LOCAL statement_timeout = 0; "
              "SET LOCAL client_connection_check_interval = 2000; "
              "SELECT pg_catalog.pg_advisory_xact_lock(42) "
              "WHERE pg_catalog.pg_backend_pid() = 4711; "
              "SELECT pg_catalog.pg_advisory_lock(42) WHERE pg_catalog.pg_backend_pid() = 4711");
}

TEST(PostgresqlSql, a_wait_inside_a_transaction_undoes_all_but_the_session_lock) {
    const std::string sql = wait_sql(plain, active(Mode::shared));
    EXPECT_EQ(sql.rfind("SAVEPOINT dlock_wait; SET LOCAL lock_timeout", 0), 0U) << sql;
    EXPECT_TRUE(
        before(sql, "pg_advisory_xact_lock_shared(42)", "SELECT pg_catalog.pg_advisory_lock_s"));
    EXPECT_TRUE(before(sql, "pg_advisory_lock_shared(42)", "ROLLBACK TO SAVEPOINT dlock_wait"));
    EXPECT_TRUE(before(sql, "ROLLBACK TO SAVEPOINT dlock_wait", "RELEASE SAVEPOINT dlock_wait"));
}

TEST(PostgresqlSql, a_transaction_level_wait_keeps_its_lock_and_puts_the_settings_back) {
    Machine machine = postgresql_xact();
    machine.start(Op::try_acquire, active()).reply(row({0, 7000, 50, 0}));
    machine.start(Op::wait, waiting(active()));
    const std::string& sql = machine.sql();
    EXPECT_EQ(sql.rfind("SAVEPOINT dlock_wait; ", 0), 0U);
    EXPECT_FALSE(contains(sql, "ROLLBACK")) << "it would free the lock";
    EXPECT_FALSE(contains(sql, "pg_advisory_lock")) << "no session-level lock";
    EXPECT_TRUE(contains(sql,
                         "; SET LOCAL lock_timeout = 7000; SET LOCAL statement_timeout = 50; "
                         "SET LOCAL client_connection_check_interval = 0; "
                         "RELEASE SAVEPOINT dlock_wait"));
}

TEST(PostgresqlSql, settings_that_a_server_does_not_have_are_left_alone) {
    EXPECT_FALSE(contains(wait_sql({.server_version = 130015}, idle()), "connection_check"));
    EXPECT_FALSE(contains(wait_sql({.server_version = 160000}, idle()), "transaction_timeout"));
    const PostgresqlSettings newer{.server_version = 170000};
    EXPECT_TRUE(contains(wait_sql(newer, idle()), "SET LOCAL transaction_timeout = 0"));
    EXPECT_FALSE(contains(wait_sql(newer, active()), "transaction_timeout"));
}

// ---- Locales. ----

class Grouping : public std::numpunct<char> {
    char do_thousands_sep() const override { return '\''; }
    std::string do_grouping() const override { return "\1"; }
    char do_decimal_point() const override { return ','; }
};

TEST(PostgresqlSql, the_global_locale_changes_nothing) {
    const ActualKey key(std::numeric_limits<std::int64_t>::min());
    const ActualKey pair(Int32Pair{-123456789, 987654321});
    const PostgresqlSettings xact{.server_version = 170000, .xact = true};
    const auto everything = [&] {
        return all_sql(plain, key, Mode::exclusive) + all_sql(plain, pair, Mode::shared) +
               all_sql(xact, key, Mode::exclusive);
    };
    const std::string expected = everything();
    const std::locale old = std::locale::global(std::locale(std::locale(), new Grouping));
    const std::string found = everything();
    std::locale::global(old);
    EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace dlock::detail
