// How each dialect draws a fencing token, and what it makes of the answers, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "mssql_machine.hpp"
#include "mysql_machine.hpp"
#include "oracle_machine.hpp"
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

Situation to_fence(Situation situation) {
    situation.slice = 1s;
    situation.remaining = 5s;
    return situation;
}

testing::AssertionResult draws(const Machine& machine, std::int64_t token) {
    if (const auto result = gives(machine, Verdict::fenced); !result) {
        return result;
    }
    return machine.step().token == token ? testing::AssertionSuccess()
                                         : testing::AssertionFailure() << machine.step().token;
}

constexpr std::int64_t large = (std::int64_t{1} << 52) + 7;

// ---- PostgreSQL. ----

class PostgresqlFencing : public testing::Test {
  protected:
    Machine& start(const Situation& situation = idle()) {
        return machine_.start(Op::fence, to_fence(situation));
    }
    Machine machine_ = postgresql();
};

TEST_F(PostgresqlFencing, one_string_draws_guards_and_waits_for_its_commit) {
    ASSERT_TRUE(asks(start(), Purpose::fence));
    const std::string& sql = machine_.sql();
    EXPECT_TRUE(contains(sql, "pg_catalog.pg_backend_pid() = 4711"));
    EXPECT_TRUE(contains(sql, "SET LOCAL lock_timeout = 1000"));
    EXPECT_TRUE(before(sql, "SET TRANSACTION", "UPDATE dlock.fencing"));
    EXPECT_TRUE(before(sql, "= 'off' THEN 'local'", "UPDATE dlock.fencing"));
    EXPECT_TRUE(draws(machine_.reply(row({large})), large));
}

TEST_F(PostgresqlFencing, an_unknown_server_session_is_asked_whether_it_holds_the_lock) {
    Situation situation = idle();
    situation.identity = 0;
    EXPECT_TRUE(contains(start(situation).sql(), "pg_catalog.pg_locks"));
    Machine vouched = postgresql({.server_version = 150020, .check_identity = false});
    EXPECT_TRUE(contains(vouched.start(Op::fence, to_fence(idle())).sql(), "pg_catalog.pg_locks"));
}

TEST_F(PostgresqlFencing, no_row_is_another_session_or_a_counter_without_one) {
    ASSERT_TRUE(asks(start().reply(no_row()), Purpose::verify));
    EXPECT_TRUE(fails(machine_.reply(row({1})), errc::no_fencing_schema));
    ASSERT_TRUE(asks(start().reply(no_row()), Purpose::verify));
    EXPECT_TRUE(fails(machine_.reply(row({0})), errc::session_changed));
}

TEST_F(PostgresqlFencing, a_stop_may_cancel_it) {
    start();
    ASSERT_NE(machine_.step().send, nullptr);
    EXPECT_TRUE(machine_.step().send->is_cancellable());
    machine_.reply(no_row());
    ASSERT_NE(machine_.step().send, nullptr);
    EXPECT_FALSE(machine_.step().send->is_cancellable()) << "nothing else may it hit";
}

TEST_F(PostgresqlFencing, a_row_before_an_error_is_no_token) {
    EXPECT_TRUE(gives(start().reply(row_and(5, sqlstate("57014"))), Verdict::busy));
}

TEST_F(PostgresqlFencing, errors_that_pass_are_asked_again) {
    for (const char* const state : {"55P03", "57014", "40001", "40P01", "HY008"}) {
        EXPECT_TRUE(gives(start().reply(sqlstate(state)), Verdict::busy)) << state;
    }
}

TEST_F(PostgresqlFencing, errors_that_stay_say_what_to_do) {
    EXPECT_TRUE(fails(start().reply(sqlstate("42P01")), errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(sqlstate("3F000")), errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(sqlstate("42501")), errc::permission_denied));
    EXPECT_TRUE(contains(machine_.step().advice, "GRANT"));
    EXPECT_TRUE(fails(start().reply(sqlstate("XX000")), errc::database_error));
    EXPECT_TRUE(fails(start().reply(connection_lost()), errc::session_lost));
}

// ---- MySQL and MariaDB. ----

class MysqlFencing : public testing::TestWithParam<MysqlFlavour> {
  protected:
    Machine& start(TransactionState transaction = TransactionState::idle) {
        Situation situation = to_fence(mysql_session());
        situation.transaction = transaction;
        return machine_.start(Op::fence, situation);
    }
    static constexpr std::int64_t id = 77;  // whatever the server calls the session
    static Reply prepared(std::int64_t autocommit = 1, std::int64_t last = 9) {
        return row({id, autocommit, last, 0});
    }
    static Reply read(std::int64_t token, std::int64_t session = id, std::int64_t held = 1) {
        return row({session, token, held, 9});
    }
    Machine machine_ = mysql(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Flavours, MysqlFencing, testing::ValuesIn(flavours), [](const auto& info) {
    return info.param == MysqlFlavour::mysql ? "mysql" : "mariadb";
});

TEST_P(MysqlFencing, the_users_last_insert_id_is_put_aside_and_back) {
    ASSERT_TRUE(asks(start(), Purpose::fence));
    EXPECT_TRUE(before(machine_.sql(), "LAST_INSERT_ID() AS SIGNED", "LAST_INSERT_ID(0)"));
    machine_.reply(prepared());
    EXPECT_TRUE(contains(machine_.sql(), "token = LAST_INSERT_ID(token + 1)"));
    EXPECT_TRUE(contains(machine_.sql(), "CONNECTION_ID() = 77"));
    EXPECT_FALSE(contains(machine_.sql(), "IS_USED_LOCK")) << "replicas may replay it";
    EXPECT_EQ(contains(machine_.sql(), "innodb_lock_wait_timeout = 1"),
              GetParam() == MysqlFlavour::mariadb);
    machine_.reply(no_row());
    EXPECT_TRUE(before(machine_.sql(), "LAST_INSERT_ID() AS SIGNED", "LAST_INSERT_ID(9)"));
    EXPECT_TRUE(contains(machine_.sql(), "IS_USED_LOCK"));
    EXPECT_TRUE(draws(machine_.reply(read(large)), large));
}

TEST_P(MysqlFencing, what_was_there_before_is_never_taken_for_a_token) {
    // No row was found, so the zero is still there.
    EXPECT_TRUE(
        fails(start().reply(prepared()).reply(no_row()).reply(read(0)), errc::no_fencing_schema));
    // The reading ran on another session, or one without the lock.
    EXPECT_TRUE(
        fails(start().reply(prepared()).reply(no_row()).reply(read(5, 78)), errc::session_changed));
    EXPECT_TRUE(fails(start().reply(prepared()).reply(no_row()).reply(read(5, id, 0)),
                      errc::session_changed));
    // It was cut short, perhaps after the old number was put back.
    start().reply(prepared()).reply(no_row()).reply(error_number(1317));
    EXPECT_FALSE(contains(machine_.sql(), "LAST_INSERT_ID()"));
    EXPECT_TRUE(contains(machine_.sql(), "LAST_INSERT_ID(9)"));
    EXPECT_TRUE(gives(machine_.reply(row({9})), Verdict::busy));
}

TEST_P(MysqlFencing, the_old_number_may_be_one_that_only_fits_unsigned) {
    start().reply(prepared(1, -6)).reply(no_row());
    EXPECT_TRUE(contains(machine_.sql(), "LAST_INSERT_ID(18446744073709551610)"));
    EXPECT_TRUE(draws(machine_.reply(read(7)), 7));
}

TEST_P(MysqlFencing, the_old_number_is_put_back_after_an_error_as_well) {
    start().reply(prepared()).reply(error_number(1146));
    EXPECT_TRUE(contains(machine_.sql(), "LAST_INSERT_ID(9)"));
    EXPECT_TRUE(fails(machine_.reply(read(0)), errc::no_fencing_schema));
    EXPECT_EQ(machine_.native().code, 1146);
}

TEST_P(MysqlFencing, errors_that_pass_are_asked_again) {
    for (const int code : {1020, 1205, 1213, 1317, 1969, 3024}) {
        EXPECT_TRUE(gives(start().reply(prepared()).reply(error_number(code)).reply(read(0)),
                          Verdict::busy))
            << code;
    }
    EXPECT_TRUE(gives(start().reply(error_number(1317)), Verdict::busy));
}

TEST_P(MysqlFencing, errors_that_stay_say_what_to_do) {
    const std::pair<int, errc> errors[] = {{1049, errc::no_fencing_schema},
                                           {1142, errc::permission_denied},
                                           {1290, errc::read_replica},
                                           {1792, errc::permission_denied},
                                           {1064, errc::database_error}};
    for (const auto& [code, kind] : errors) {
        EXPECT_TRUE(fails(start().reply(prepared()).reply(error_number(code)).reply(read(0)), kind))
            << code;
    }
    EXPECT_TRUE(fails(start().reply(prepared()).reply(connection_lost()), errc::session_lost));
}

TEST_P(MysqlFencing, without_autocommit_it_is_refused) {
    EXPECT_TRUE(fails(start().reply(prepared(0)), errc::transaction_open));
}

TEST_P(MysqlFencing, another_server_session_is_told_before_anything_is_drawn) {
    EXPECT_TRUE(fails(start().reply(row({78, 1, 9, 1})), errc::session_changed));
}

TEST_P(MysqlFencing, where_the_client_does_not_know_of_transactions_the_server_is_asked) {
    start(TransactionState::unknown).reply(prepared());
    EXPECT_TRUE(contains(machine_.sql(), "SET TRANSACTION"));
    machine_.reply(error_number(1568));
    EXPECT_TRUE(contains(machine_.sql(), "LAST_INSERT_ID(9)"));
    EXPECT_TRUE(fails(machine_.reply(read(0)), errc::transaction_open));

    start(TransactionState::unknown).reply(prepared()).reply(no_row());
    EXPECT_TRUE(contains(machine_.sql(), "UPDATE dlock.fencing"));
}

// ---- SQL Server. ----

class MssqlFencing : public testing::Test {
  protected:
    Machine& start() { return machine_.start(Op::fence, to_fence(mssql_session())); }
    Machine machine_ = mssql();
};

TEST_F(MssqlFencing, one_batch_looks_at_the_transaction_and_the_lock_and_draws) {
    ASSERT_TRUE(asks(start(), Purpose::fence));
    EXPECT_TRUE(before(machine_.sql(), "@@TRANCOUNT > 0", "UPDATE dlock.fencing"));
    EXPECT_TRUE(before(machine_.sql(), "APPLOCK_MODE", "UPDATE dlock.fencing"));
    EXPECT_TRUE(contains(machine_.sql(), "NOWAIT"));
    EXPECT_TRUE(draws(machine_.reply(row({0, large})), large));
}

TEST_F(MssqlFencing, what_stands_against_it_is_told) {
    EXPECT_TRUE(fails(start().reply(row({1, std::nullopt})), errc::transaction_open));
    EXPECT_TRUE(fails(start().reply(row({2, std::nullopt})), errc::session_changed));
    EXPECT_TRUE(fails(start().reply(no_row()), errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(error_number(208)), errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(error_number(229)), errc::permission_denied));
    EXPECT_TRUE(fails(start().reply(connection_lost()), errc::session_lost));
    for (const int code : {1205, 1222, 3617, 3960}) {
        EXPECT_TRUE(gives(start().reply(error_number(code)), Verdict::busy)) << code;
    }
}

// ---- Oracle. ----

class OracleFencing : public testing::Test {
  protected:
    Machine& start() { return machine_.start(Op::fence, to_fence(oracle_session())); }
    Machine machine_ = oracle();
};

TEST_F(OracleFencing, a_transaction_of_its_own_draws_and_waits_for_its_commit) {
    EXPECT_TRUE(machine_.dialect().fences_in_transaction());
    ASSERT_TRUE(asks(start(), Purpose::fence));
    EXPECT_TRUE(contains(machine_.sql(), "pragma autonomous_transaction"));
    EXPECT_TRUE(contains(machine_.sql(), "commit write immediate wait"));
    EXPECT_TRUE(contains(machine_.sql(), "sys.dbms_lock.convert(id => 123, lockmode => 6"));
    EXPECT_TRUE(contains(machine_.sql(), "for update wait 1;"));
    // An output has 32 bits.
    EXPECT_TRUE(draws(machine_.reply(row({0, large >> 31, large & 0x7FFFFFFF})), large));
}

TEST_F(OracleFencing, a_name_of_allocate_unique_needs_its_function) {
    Machine machine = oracle_name("name");
    machine.start(Op::fence, to_fence(oracle_session()));
    EXPECT_TRUE(before(machine.sql(), "function handle(", "convert(lockhandle => handle("));
}

TEST_F(OracleFencing, what_stands_against_it_is_told) {
    EXPECT_TRUE(fails(start().reply(row({4, std::nullopt, std::nullopt})), errc::session_changed));
    EXPECT_TRUE(fails(start().reply(ora(6550, "PL/SQL: ORA-00942: table or view does not exist")),
                      errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(ora(1403)), errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(ora(1031)), errc::permission_denied));
    EXPECT_TRUE(fails(start().reply(connection_lost()), errc::session_lost));
    for (const int code : {54, 60, 1013, 8177, 30006}) {
        EXPECT_TRUE(gives(start().reply(ora(code)), Verdict::busy)) << code;
    }
}

}  // namespace
}  // namespace dlock::detail
