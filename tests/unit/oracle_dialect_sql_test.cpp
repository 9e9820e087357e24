// The PL/SQL of DBMS_LOCK: whole blocks, modes, seconds.
// SPDX-License-Identifier: BSL-1.0
#include "oracle_machine.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

std::string sql_of(Machine it, Op op, const Situation& situation = oracle_session()) {
    return it.start(op, situation).sql();
}

std::string timeout_of(Duration slice, Duration remaining) {
    const std::string sql = sql_of(oracle(), Op::wait, oracle_session(slice, remaining));
    static const std::string word = "timeout => ";
    const auto from = sql.find(word) + word.size();
    return sql.substr(from, sql.find(',', from) - from);
}

// ---- Whole blocks. ----

TEST(OracleSql, a_try) {
    EXPECT_EQ(sql_of(oracle(), Op::try_acquire),
              "begin :rc := sys.dbms_lock.request(id => 123, lockmode => 6, timeout => 0, "
              "release_on_commit => FALSE); "
              ":tx := case when sys.dbms_transaction.local_transaction_id is null then 0 else 1 "
              "end; end;");
}

TEST(OracleSql, a_wait_of_a_transaction) {
    EXPECT_EQ(sql_of(oracle(true), Op::wait, oracle_session(10s, 2500ms)),
              "begin :rc := sys.dbms_lock.request(id => 123, lockmode => 6, timeout => 2, "
              "release_on_commit => TRUE); "
              ":tx := case when sys.dbms_transaction.local_transaction_id is null then 0 else 1 "
              "end; end;");
}

TEST(OracleSql, a_release) {
    EXPECT_EQ(sql_of(oracle(), Op::release), "begin :rc := sys.dbms_lock.release(id => 123); end;");
}

TEST(OracleSql, a_look) {
    for (const bool xact : {false, true}) {
        EXPECT_EQ(sql_of(oracle(xact), Op::verify),
                  "begin :rc := sys.dbms_lock.convert(id => 123, lockmode => 6, timeout => 0); "
                  "end;");
    }
}

TEST(OracleSql, the_answers_are_parameters_and_nothing_is_bound) {
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        Machine it = oracle();
        const Statement& sent = it.start(op, oracle_session()).sent();
        const bool requests = op == Op::try_acquire || op == Op::wait;
        ASSERT_NE(sent.outputs[0], nullptr);
        EXPECT_EQ(std::string_view(sent.outputs[0]), "rc");
        ASSERT_EQ(sent.outputs[1] != nullptr, requests);
        if (requests) {
            EXPECT_EQ(std::string_view(sent.outputs[1]), "tx");
        }
        EXPECT_EQ(sent.outputs[2], nullptr);
        EXPECT_EQ(sent.parameter, "");
        EXPECT_FALSE(contains(sent.sql, ":key"));
    }
}

TEST(OracleSql, a_look_after_a_request_has_one_answer_only) {
    Machine it = oracle();
    it.start(Op::wait, oracle_session()).reply(null_row());
    EXPECT_EQ(it.sent().outputs[1], nullptr);
}

TEST(OracleSql, ids_are_written_without_separators) {
    for (const std::int64_t id : {std::int64_t{0}, std::int64_t{1073741823}}) {
        Machine it(make_oracle_dialect({}, ActualKey(id)));
        EXPECT_TRUE(contains(it.start(Op::release, oracle_session()).sql(),
                             "(id => " + std::to_string(id) + ")"));
    }
}

// ---- Names. ----

TEST(OracleSql, a_name_becomes_a_handle_in_a_transaction_of_its_own) {
    const std::string head =
        "declare function handle(n varchar2) return varchar2 is pragma autonomous_transaction; "
        "h varchar2(128); begin sys.dbms_lock.allocate_unique(lockname => n, lockhandle => h); "
        "commit; return h; end; begin :rc := sys.dbms_lock.";
    const std::string lock = "lockhandle => handle(sys.utl_raw.cast_to_varchar2(hextoraw(:key)))";
    EXPECT_EQ(sql_of(oracle_name("key"), Op::try_acquire),
              head + "request(" + lock +
                  ", lockmode => 6, timeout => 0, release_on_commit => FALSE); "
                  ":tx := case when sys.dbms_transaction.local_transaction_id is null then 0 else "
                  "1 end; end;");
    EXPECT_EQ(sql_of(oracle_name("key"), Op::release), head + "release(" + lock + "); end;");
    EXPECT_EQ(sql_of(oracle_name("key"), Op::verify),
              head + "convert(" + lock + ", lockmode => 6, timeout => 0); end;");
}

TEST(OracleSql, a_name_travels_as_the_hexadecimal_digits_of_its_utf8) {
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        Machine it = oracle_name("it's \xc3\xa9");
        const Statement& sent = it.start(op, oracle_session()).sent();
        EXPECT_EQ(sent.parameter, "6974277320c3a9");
        EXPECT_EQ(count(sent.sql, ":key"), 1U);
        EXPECT_LE(sent.sql.size(), OracleSql::longest);
    }
}

// ---- Modes. ----

TEST(OracleSql, each_mode_has_its_number) {
    const struct {
        Mode mode;
        const char* number;
    } cases[] = {
        {Mode::null, "1"},   {Mode::intent_shared, "2"},           {Mode::intent_exclusive, "3"},
        {Mode::shared, "4"}, {Mode::shared_intent_exclusive, "5"}, {Mode::exclusive, "6"}};
    for (const auto& [mode, number] : cases) {
        for (const Op op : {Op::try_acquire, Op::wait, Op::verify}) {
            EXPECT_TRUE(contains(sql_of(oracle(), op, oracle_mode(mode)),
                                 "lockmode => " + std::string(number) + ","));
        }
    }
}

// ---- Timeouts, in whole seconds. ----

TEST(OracleSql, a_wait_lasts_a_slice_of_at_least_ten_seconds_or_what_is_left_rounded_down) {
    const struct {
        Duration slice;
        Duration remaining;
        const char* seconds;
    } cases[] = {
        {10s, Duration::max(), "10"},
        {20s, Duration::max(), "20"},
        {1s, Duration::max(), "10"},  // deadlocks might not be found
        {1s, 10s, "10"},
        {1s, 3s, "3"},
        {1h, 2999ms, "2"},
        {10s, 1s, "1"},
        {10500ms, Duration::max(), "10"},
        {32766s, Duration::max(), "32766"},
        {32767s, Duration::max(), "32766"},  // 32767 would be for ever
        {24h, 48h, "32766"},
        {Duration::max(), Duration::max(), "32766"},
    };
    for (const auto& [slice, remaining, expected] : cases) {
        EXPECT_EQ(timeout_of(slice, remaining), expected);
    }
}

TEST(OracleSql, less_than_a_second_is_not_waited_for) {
    for (const Duration remaining : {Duration(999999999), Duration(1ms), Duration(0), -5s + 0ns}) {
        Machine it = oracle();
        EXPECT_TRUE(gives(it.start(Op::wait, oracle_session(10s, remaining)), Verdict::busy));
    }
}

TEST(OracleSql, the_limit_of_a_wait_stands_with_it) {
    Machine it = oracle();
    EXPECT_EQ(it.start(Op::wait, oracle_session(10s, 3500ms)).sent().limit, 3s);
    EXPECT_EQ(it.start(Op::try_acquire, oracle_session()).sent().limit, 0s);
}

}  // namespace
}  // namespace dlock::detail
