// The T-SQL of sp_getapplock: whole batches, timeouts, modes, names.
// SPDX-License-Identifier: BSL-1.0
#include "mssql_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

std::string sql_of(Machine it, Op op, const Situation& situation = mssql_session()) {
    return it.start(op, situation).sql();
}

std::string timeout_of(Duration slice, Duration remaining) {
    const std::string sql = sql_of(mssql(), Op::wait, mssql_session(slice, remaining));
    static const std::string word = "@LockTimeout = ";
    const auto from = sql.find(word) + word.size();
    return sql.substr(from, sql.find(',', from) - from);
}

std::string parameter_of(const std::string& name) {
    Machine it = mssql(name);
    return it.start(Op::try_acquire, mssql_session()).sent().parameter;
}

bool is_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char byte) { return byte >= 0x20 && byte < 0x7f; });
}

// ---- Whole batches. ----

TEST(MssqlSql, a_try) {
    EXPECT_EQ(sql_of(mssql(), Op::try_acquire),
              "DECLARE @name nvarchar(255) = :key; "
              "DECLARE @result int = -1000; "
              "DECLARE @held nvarchar(32) = APPLOCK_MODE('public', @name, 'Session'); "
              "IF @@TRANCOUNT > 0 AND @held = 'NoLock' "
              "SET @held = APPLOCK_MODE('public', @name, 'Transaction'); "
              "IF XACT_STATE() = -1 SET @result = -1003 "
              "ELSE IF @held <> 'NoLock' SET @result = -1001 "
              "ELSE EXEC @result = sys.sp_getapplock @Resource = @name, @LockMode = 'Exclusive', "
              "@LockOwner = 'Session', @LockTimeout = 0, @DbPrincipal = 'public'; "
              "SELECT @result, @@TRANCOUNT, XACT_STATE()");
}

TEST(MssqlSql, a_try_of_a_name_that_is_not_ascii_is_converted_by_the_server) {
    EXPECT_EQ(
        sql_of(mssql("caf\xc3\xa9"), Op::try_acquire),
        "DECLARE @name nvarchar(255) = CAST(CONVERT(varbinary(510), :key, 2) AS nvarchar(255)); "
        "DECLARE @result int = -1000; "
        "DECLARE @held nvarchar(32) = APPLOCK_MODE('public', @name, 'Session'); "
        "IF @@TRANCOUNT > 0 AND @held = 'NoLock' "
        "SET @held = APPLOCK_MODE('public', @name, 'Transaction'); "
        "IF CAST(CONVERT(varbinary(4), '61006200', 2) AS nvarchar(2)) <> 'ab' "
        "SET @result = -1004 "
        "ELSE IF XACT_STATE() = -1 SET @result = -1003 "
        "ELSE IF @held <> 'NoLock' SET @result = -1001 "
        "ELSE EXEC @result = sys.sp_getapplock @Resource = @name, @LockMode = 'Exclusive', "
        "@LockOwner = 'Session', @LockTimeout = 0, @DbPrincipal = 'public'; "
        "SELECT @result, @@TRANCOUNT, XACT_STATE()");
}

TEST(MssqlSql, a_wait_of_a_transaction) {
    EXPECT_EQ(sql_of(mssql_xact(), Op::wait, mssql_session(10s, 2500ms)),
              "DECLARE @name nvarchar(255) = :key; "
              "DECLARE @result int = -1000; "
              "DECLARE @held nvarchar(32) = APPLOCK_MODE('public', @name, 'Session'); "
              "DECLARE @begin int; IF @@TRANCOUNT = 0 AND (@@OPTIONS & 2) = 2 "
              "SELECT TOP (1) @begin = 1 FROM sys.types; "
              "IF @@TRANCOUNT > 0 AND @held = 'NoLock' "
              "SET @held = APPLOCK_MODE('public', @name, 'Transaction'); "
              "IF XACT_STATE() = -1 SET @result = -1003 "
              "ELSE IF @@TRANCOUNT = 0 SET @result = -1002 "
              "ELSE IF @held <> 'NoLock' SET @result = -1001 "
              "ELSE EXEC @result = sys.sp_getapplock @Resource = @name, @LockMode = 'Exclusive', "
              "@LockOwner = 'Transaction', @LockTimeout = 2500, @DbPrincipal = 'public'; "
              "SELECT @result, @@TRANCOUNT, XACT_STATE()");
}

TEST(MssqlSql, a_release) {
    EXPECT_EQ(sql_of(mssql(), Op::release),
              "DECLARE @name nvarchar(255) = :key; "
              "DECLARE @result int = -1000; "
              "EXEC @result = sys.sp_releaseapplock @Resource = @name, @LockOwner = 'Session', "
              "@DbPrincipal = 'public'; SELECT @result");
}

TEST(MssqlSql, a_look_at_the_session_and_one_at_the_transaction) {
    EXPECT_EQ(sql_of(mssql(), Op::verify),
              "DECLARE @name nvarchar(255) = :key; "
              "DECLARE @held nvarchar(32) = APPLOCK_MODE('public', @name, 'Session'); "
              "SELECT CASE WHEN @held IN ('Exclusive') THEN 1 WHEN @held IS NOT NULL THEN 0 END");
    EXPECT_EQ(sql_of(mssql_xact(), Op::verify),
              "DECLARE @name nvarchar(255) = :key; "
              "DECLARE @held nvarchar(32) = 'NoLock'; "
              "IF @@TRANCOUNT > 0 SET @held = APPLOCK_MODE('public', @name, 'Transaction'); "
              "SELECT CASE WHEN @held IN ('Exclusive') THEN 1 WHEN @held IS NOT NULL THEN 0 END");
}

TEST(MssqlSql, the_database_principal_is_a_hexadecimal_literal) {
    const auto with_principal = [] {
        return Machine(make_mssql_dialect({.db_principal = "r\xc3\xb6le"}, ActualKey("key")));
    };
    const std::string declarations =
        "DECLARE @name nvarchar(255) = :key; "
        "DECLARE @principal nvarchar(128) = CAST(0x7200f6006c006500 AS nvarchar(128)); ";
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        const std::string sql = sql_of(with_principal(), op);
        EXPECT_EQ(sql.rfind(declarations, 0), 0U) << sql;
        EXPECT_FALSE(contains(sql, "'public'"));
    }
    EXPECT_TRUE(contains(sql_of(with_principal(), Op::try_acquire), "@DbPrincipal = @principal;"));
    EXPECT_TRUE(contains(sql_of(with_principal(), Op::try_acquire),
                         "APPLOCK_MODE(@principal, @name, 'Session')"));
    EXPECT_TRUE(contains(sql_of(with_principal(), Op::release), "@DbPrincipal = @principal;"));
}

TEST(MssqlSql, no_setting_of_the_session_is_changed) {
    for (const bool xact : {false, true}) {
        for (const Op op : {Op::try_acquire, Op::wait, Op::verify}) {
            const std::string sql = sql_of(xact ? mssql_xact() : mssql(), op);
            EXPECT_EQ(count(sql, "SET "), count(sql, "SET @")) << sql;
        }
    }
}

// ---- Modes. ----

TEST(MssqlSql, each_mode_is_asked_for_by_its_name) {
    const struct {
        Mode mode;
        const char* name;
    } cases[] = {{Mode::exclusive, "Exclusive"},
                 {Mode::shared, "Shared"},
                 {Mode::update, "Update"},
                 {Mode::intent_shared, "IntentShared"},
                 {Mode::intent_exclusive, "IntentExclusive"}};
    for (const auto& [mode, name] : cases) {
        for (const Op op : {Op::try_acquire, Op::wait}) {
            EXPECT_TRUE(contains(sql_of(mssql(), op, mssql_mode(mode)),
                                 "@LockMode = '" + std::string(name) + "', "));
        }
        EXPECT_TRUE(
            contains(sql_of(mssql(), Op::verify, mssql_mode(mode)), "'" + std::string(name) + "'"));
    }
}

TEST(MssqlSql, a_stronger_mode_than_asked_for_is_held_and_a_weaker_one_is_not) {
    const struct {
        Mode mode;
        std::vector<const char*> enough;
        std::vector<const char*> too_weak;
    } cases[] = {
        {Mode::exclusive,
         {"Exclusive"},
         {"Shared", "Update", "IntentShared", "IntentExclusive", "SharedIntentExclusive",
          "UpdateIntentExclusive", "NoLock"}},
        {Mode::update,
         {"Update", "UpdateIntentExclusive", "Exclusive"},
         {"Shared", "IntentShared", "IntentExclusive", "SharedIntentExclusive", "NoLock"}},
        {Mode::shared,
         {"Shared", "SharedIntentExclusive", "Update", "UpdateIntentExclusive", "Exclusive"},
         {"IntentShared", "IntentExclusive", "NoLock"}},
        {Mode::intent_exclusive,
         {"IntentExclusive", "SharedIntentExclusive", "UpdateIntentExclusive", "Exclusive"},
         {"Shared", "Update", "IntentShared", "NoLock"}},
        {Mode::intent_shared,
         {"IntentShared", "Shared", "Update", "IntentExclusive", "SharedIntentExclusive",
          "UpdateIntentExclusive", "Exclusive"},
         {"NoLock"}},
    };
    for (const auto& [mode, enough, too_weak] : cases) {
        std::string sql = sql_of(mssql(), Op::verify, mssql_mode(mode));
        sql.erase(0, sql.find("SELECT CASE"));
        for (const char* const name : enough) {
            EXPECT_TRUE(contains(sql, "'" + std::string(name) + "'")) << sql << name;
        }
        for (const char* const name : too_weak) {
            EXPECT_FALSE(contains(sql, "'" + std::string(name) + "'")) << sql << name;
        }
    }
}

// ---- Timeouts, in milliseconds. ----

TEST(MssqlSql, a_wait_lasts_a_slice_of_at_least_ten_seconds_or_what_is_left) {
    const struct {
        Duration slice;
        Duration remaining;
        const char* milliseconds;
    } cases[] = {
        {10s, Duration::max(), "10000"},
        {20s, Duration::max(), "20000"},
        {1s, Duration::max(), "10000"},  // deadlocks would not be found
        {1s, 10s, "10000"},
        {1s, 3s, "3000"},
        {1h, 250ms, "250"},
        {10s, 1ms, "1"},
        {10s, 1ns, "1"},
        {10s, 0s, "1"},  // zero would be no wait at all, below zero for ever
        {10s, -5s, "1"},
        {10s, 1500us, "2"},
        {24h * 24, Duration::max(), "2073600000"},
        {24h * 25, Duration::max(), "2147483647"},
        {Duration::max(), Duration::max(), "2147483647"},
    };
    for (const auto& [slice, remaining, expected] : cases) {
        EXPECT_EQ(timeout_of(slice, remaining), expected);
    }
}

TEST(MssqlSql, the_limit_of_a_wait_stands_with_it) {
    Machine it = mssql();
    EXPECT_EQ(it.start(Op::wait, mssql_session(10s, 3s)).sent().limit, 3s);
    EXPECT_EQ(it.start(Op::try_acquire, mssql_session()).sent().limit, 0s);
}

// ---- Names. ----

TEST(MssqlSql, a_name_is_bound_as_it_is_or_as_the_hexadecimal_digits_of_its_utf16) {
    EXPECT_EQ(parameter_of("key"), "key");
    EXPECT_EQ(parameter_of("it's \"x\"; --"), "it's \"x\"; --");
    EXPECT_EQ(parameter_of("\xc3\xa9"), "e900");
    EXPECT_EQ(parameter_of("\xe2\x82\xac"), "ac20") << "the euro sign";
    EXPECT_EQ(parameter_of("\xef\xbf\xbf"), "ffff");
    EXPECT_EQ(parameter_of("\xf0\x90\x80\x80"), "00d800dc") << "the first pair";
    EXPECT_EQ(parameter_of("\xf0\x9f\x98\x80"), "3dd800de") << "an emoji";
    EXPECT_EQ(parameter_of("\xf4\x8f\xbf\xbf"), "ffdbffdf") << "the last pair";
}

TEST(MssqlSql, the_longest_names_fit_the_variables) {
    std::string pairs;
    for (int i = 0; i < 127; ++i) {
        pairs += "\xf0\x9f\x98\x80";
    }
    EXPECT_EQ(parameter_of(std::string(255, 'x')).size(), 255U);
    EXPECT_EQ(parameter_of(pairs + "x").size(), 2U * 510U);
}

TEST(MssqlSql, no_batch_is_longer_than_the_room_that_is_kept_for_it) {
    for (const bool xact : {false, true}) {
        const MssqlSql sql({.xact = xact, .db_principal = std::string(128, 'p')},
                           ActualKey("caf\xc3\xa9"));
        for (const Mode mode : {Mode::exclusive, Mode::shared, Mode::update, Mode::intent_shared,
                                Mode::intent_exclusive}) {
            std::string text;
            sql.acquire(text, mode, 2147483647);
            EXPECT_LE(text.size(), sql.longest());
            sql.verify(text, mode);
            EXPECT_LE(text.size(), sql.longest());
            sql.release(text);
            EXPECT_LE(text.size(), sql.longest());
        }
    }
}

TEST(MssqlSql, nothing_but_ascii_is_ever_sent) {
    const std::string name = "\xe2\x82\xac'\xf0\x9f\x98\x80\t\x01";
    for (const bool xact : {false, true}) {
        Machine it(
            make_mssql_dialect({.xact = xact, .db_principal = "\xc3\xbc'"}, ActualKey(name)));
        for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
            if (xact && op == Op::release) {
                continue;
            }
            const Statement& sent = it.start(op, mssql_session()).sent();
            EXPECT_TRUE(is_ascii(sent.sql)) << sent.sql;
            EXPECT_EQ(sent.parameter.find_first_not_of("0123456789abcdef"), std::string::npos);
            EXPECT_EQ(count(sent.sql, ":"), 1U) << "one parameter: " << sent.sql;
            EXPECT_EQ(sent.outputs[0], nullptr);
        }
    }
}

}  // namespace
}  // namespace dlock::detail
