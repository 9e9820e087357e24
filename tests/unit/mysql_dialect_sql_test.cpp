// The SQL of GET_LOCK: time limits of both servers, keys as hexadecimal digits, guards.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql_key.hpp"
#include "mysql_machine.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <locale>
#include <stdexcept>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view name = "_utf8mb4 X:key";

std::string wait_sql(MysqlFlavour flavour, const Situation& situation) {
    Machine machine = mysql(flavour);
    machine.start(Op::wait, situation);
    return machine.sql();
}

std::string wait_sql(MysqlFlavour flavour, Duration remaining) {
    return wait_sql(flavour, mysql_left(remaining));
}

// What stands between the last comma that follows the name and the brackets that end the call.
std::string timeout_of(const std::string& sql) {
    const std::string call = "GET_LOCK(" + std::string(name) + ", ";
    const auto at = sql.find(call);
    if (at == std::string::npos) {
        throw std::runtime_error("no GET_LOCK in " + sql);
    }
    const auto from = at + call.size();
    return sql.substr(from, sql.find(')', from) - from);
}

std::string hint_of(const std::string& sql) {
    static const std::string open = "SELECT /*+ MAX_EXECUTION_TIME(";
    if (sql.rfind(open, 0) != 0) {
        throw std::runtime_error("no hint in " + sql);
    }
    return sql.substr(open.size(), sql.find(')') - open.size());
}

// ---- The try. ----

TEST(MysqlSql, a_try_does_not_wait_and_has_no_time_limit_that_could_cut_it) {
    for (const MysqlFlavour flavour : flavours) {
        Machine machine = mysql(flavour);
        machine.start(Op::try_acquire, mysql_session());
        EXPECT_EQ(machine.sql(),
                  "SELECT IF(CONNECTION_ID() = 815, IF(IS_USED_LOCK(_utf8mb4 X:key) = "
                  "CONNECTION_ID(), 2, GET_LOCK(_utf8mb4 X:key, "
                  "0)), 3)");
    }
}

// ---- MySQL: the statement's time limit in milliseconds, and whole seconds above it. ----

TEST(MysqlSql, mysql_waits_to_the_millisecond_by_the_hint_and_rounds_the_seconds_up) {
    const struct {
        Duration remaining;
        const char* hint;
        const char* timeout;
    } cases[] = {
        {1ns, "1", "1"},
        {1ms, "1", "1"},
        {250ms, "250", "1"},
        {1000ms, "1000", "1"},
        {1001ms, "1001", "2"},
        {1500us, "2", "1"},
        {2500ms, "2500", "3"},
        {10s, "10000", "10"},
        {0s, "1", "1"},
        {-5s, "1", "1"},
        {24h, "86400000", "86400"},
        {4294967294ms, "4294967294", "4294968"},
        {4294967295ms, "4294967295", "4294968"},
    };
    for (const auto& [remaining, hint, timeout] : cases) {
        const std::string sql = wait_sql(MysqlFlavour::mysql, remaining);
        EXPECT_EQ(hint_of(sql), hint);
        EXPECT_EQ(timeout_of(sql), timeout) << sql;
    }
}

TEST(MysqlSql, mysql_waits_without_limit_only_beyond_the_range_of_the_hint) {
    for (const Duration remaining :
         {Duration(4294967296ms), Duration(24h * 365), Duration::max()}) {
        const std::string sql = wait_sql(MysqlFlavour::mysql, remaining);
        EXPECT_EQ(timeout_of(sql), "-1");
        EXPECT_EQ(hint_of(sql), "4294967295") << "one above and the server ignores it";
    }
}

TEST(MysqlSql, mysql_is_never_given_a_hint_out_of_range) {
    for (Duration remaining = 1ns; remaining < Duration::max() / 3; remaining *= 3) {
        const std::string hint = hint_of(wait_sql(MysqlFlavour::mysql, remaining));
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(hint.data(), hint.data() + hint.size(), number);
        ASSERT_EQ(end, hint.data() + hint.size()) << "no fraction: " << hint;
        ASSERT_GE(number, 1U);
        ASSERT_LE(number, 4294967295U);
    }
}

// ---- MariaDB: decimal seconds, for which a negative number is no wait at all. ----

TEST(MysqlSql, mariadb_waits_in_decimal_seconds_to_the_millisecond) {
    const struct {
        Duration remaining;
        const char* timeout;
    } cases[] = {
        {1ns, "0.001"},  {1ms, "0.001"},     {250ms, "0.250"}, {1500us, "0.002"}, {1001ms, "1.001"},
        {10s, "10.000"}, {24h, "86400.000"}, {0s, "0.001"},    {-5s, "0.001"},
    };
    for (const auto& [remaining, timeout] : cases) {
        EXPECT_EQ(timeout_of(wait_sql(MysqlFlavour::mariadb, remaining)), timeout);
    }
}

TEST(MysqlSql, mariadb_waits_without_limit_a_year_at_a_time_never_by_a_negative_number) {
    for (const Duration remaining : {Duration(24h * 365), Duration(24h * 3650), Duration::max()}) {
        EXPECT_EQ(timeout_of(wait_sql(MysqlFlavour::mariadb, remaining)), "31536000.000");
    }
    for (Duration remaining = 1ns; remaining < Duration::max() / 3; remaining *= 3) {
        const std::string timeout = timeout_of(wait_sql(MysqlFlavour::mariadb, remaining));
        ASSERT_EQ(timeout.find_first_not_of("0123456789."), std::string::npos) << timeout;
        ASSERT_NE(timeout, "0.000");
    }
}

TEST(MysqlSql, an_ambient_time_limit_of_mariadb_is_lifted_for_the_wait) {
    EXPECT_EQ(wait_sql(MysqlFlavour::mariadb, 10s)
                  .rfind("/*M!100102 SET STATEMENT max_statement_time = 0 FOR */ SELECT IF(", 0),
              0U);
}

TEST(MysqlSql, a_slice_shorter_than_what_is_left_is_kept_to) {
    const Situation situation = mysql_session(1s, 1h);
    EXPECT_EQ(timeout_of(wait_sql(MysqlFlavour::mysql, situation)), "1");
    EXPECT_EQ(hint_of(wait_sql(MysqlFlavour::mysql, situation)), "1000");
    EXPECT_EQ(timeout_of(wait_sql(MysqlFlavour::mariadb, situation)), "1.000");
    EXPECT_EQ(timeout_of(wait_sql(MysqlFlavour::mariadb, mysql_session(1h, 500ms))), "0.500");
}

// ---- Forms and guards. ----

TEST(MysqlSql, a_try_asks_mariadb_for_the_transaction_where_the_client_does_not_tell) {
    for (const MysqlFlavour flavour : flavours) {
        Machine machine = mysql(flavour);
        machine.start(Op::try_acquire, {});
        const bool asked = flavour == MysqlFlavour::mariadb;
        EXPECT_EQ(contains(machine.sql(), ", @@in_transaction"), asked);
        machine.reply(row({0, 1}));
        EXPECT_EQ(machine.step().transaction,
                  asked ? TransactionState::active : TransactionState::unknown);
        EXPECT_FALSE(contains(machine.start(Op::wait, {}).sql(), "in_transaction"));
    }
}

TEST(MysqlSql, it_is_always_a_select) {
    // A killed DO or SET reports success on MariaDB without having the lock.
    for (const MysqlFlavour flavour : flavours) {
        for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
            Machine machine = mysql(flavour);
            std::string sql = machine.start(op, mysql_left(10s)).sql();
            const std::string lifted = "/*M!100102 SET STATEMENT max_statement_time = 0 FOR */ ";
            if (flavour == MysqlFlavour::mariadb && op == Op::wait) {
                ASSERT_EQ(sql.rfind(lifted, 0), 0U);
                sql.erase(0, lifted.size());
            }
            EXPECT_EQ(sql.rfind("SELECT ", 0), 0U) << sql;
            EXPECT_FALSE(contains(sql, ";"));
        }
    }
}

TEST(MysqlSql, the_server_session_is_checked_before_the_lock_is_taken) {
    for (const MysqlFlavour flavour : flavours) {
        EXPECT_TRUE(before(wait_sql(flavour, 10s), "IF(CONNECTION_ID() = 815, ", "GET_LOCK("));
        Machine machine = mysql(flavour);
        EXPECT_EQ(machine.start(Op::verify, mysql_session()).sql(),
                  "SELECT IF(CONNECTION_ID() = 815, IS_USED_LOCK(" + std::string(name) +
                      ") = CONNECTION_ID(), 0)");
    }
}

TEST(MysqlSql, the_server_session_is_not_checked_where_the_caller_vouches_or_nobody_knows) {
    for (const MysqlFlavour flavour : flavours) {
        Machine vouched = mysql(flavour, "key", false);
        EXPECT_FALSE(contains(vouched.start(Op::try_acquire, mysql_session()).sql(), "815"));
        EXPECT_EQ(vouched.start(Op::verify, mysql_session()).sql(),
                  "SELECT IS_USED_LOCK(" + std::string(name) + ") = CONNECTION_ID()");
        Machine unknown = mysql(flavour);
        Situation situation = mysql_session();
        situation.identity = 0;
        unknown.start(Op::try_acquire, situation);
        EXPECT_EQ(unknown.sql().rfind("SELECT IF(IS_USED_LOCK(", 0), 0U) << unknown.sql();
    }
}

// ---- Keys. ----

TEST(MysqlSql, the_name_travels_as_hexadecimal_digits) {
    Machine machine = mysql(MysqlFlavour::mariadb, "a'\xc3\xa9\x7f");
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        EXPECT_EQ(machine.start(op, mysql_left(1s)).sent().parameter, "6127c3a97f");
        EXPECT_TRUE(contains(machine.sql(), name));
    }
}

TEST(MysqlSql, hostile_keys_never_get_into_it) {
    for (const MysqlFlavour flavour : flavours) {
        for (const std::string& text :
             {std::string("'); DROP TABLE users; -- "), std::string("\\' OR 1=1"),
              std::string(":key :key"), std::string("\" ~~ /*!50000 x*/"), std::string("%n%s")}) {
            for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
                Machine hostile = mysql(flavour, text);
                Machine tame = mysql(flavour, "a");
                EXPECT_EQ(hostile.start(op, mysql_left(1s)).sql(),
                          tame.start(op, mysql_left(1s)).sql());
                EXPECT_EQ(hostile.sent().parameter.find_first_not_of("0123456789abcdef"),
                          std::string::npos);
                EXPECT_EQ(hostile.sent().parameter.size(), 2 * text.size());
            }
        }
    }
}

// ---- Locales. ----

class Grouping : public std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
    char do_decimal_point() const override { return ','; }
};

TEST(MysqlSql, the_global_locale_changes_nothing) {
    const auto everything = [] {
        std::string all;
        for (const MysqlFlavour flavour : flavours) {
            for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
                Machine machine = mysql(flavour, "12345");
                Situation situation = mysql_left(1234567ms);
                situation.identity = 123456789;
                machine.start(op, situation);
                all += machine.sql() + ' ' + machine.sent().parameter + '\n';
            }
        }
        return all;
    };
    const std::string expected = everything();
    const std::locale old = std::locale::global(std::locale(std::locale(), new Grouping));
    const std::string found = everything();
    std::locale::global(old);
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(contains(expected, "1234.567"));
}

}  // namespace
}  // namespace dlock::detail
