// What PostgreSQL's machine makes of the answers to a try and to a wait, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

// ---- The try. ----

TEST(PostgresqlTry, a_grant_takes_one_statement) {
    for (const Mode mode : {Mode::exclusive, Mode::shared}) {
        Machine machine = postgresql();
        machine.start(Op::try_acquire, idle(mode));
        ASSERT_TRUE(asks(machine, Purpose::try_acquire));
        EXPECT_EQ(machine.sent().mode, mode);
        machine.reply(row({1}));
        EXPECT_TRUE(gives(machine, Verdict::granted));
    }
}

TEST(PostgresqlTry, a_refusal_is_busy) {
    Machine machine = postgresql();
    EXPECT_TRUE(gives(machine.start(Op::try_acquire, idle()).reply(row({0})), Verdict::busy));
    EXPECT_TRUE(gives(machine.start(Op::try_acquire, active()).reply(row({0})), Verdict::busy));
}

TEST(PostgresqlTry, without_a_row_the_failed_guard_is_asked_for) {
    const struct {
        Reply diagnosis;
        errc error;
    } cases[] = {
        {row({0, 0, 0}), errc::pooler_detected}, {row({0, 1, 1}), errc::pooler_detected},
        {row({1, 1, 0}), errc::read_replica},    {row({1, 1, 1}), errc::read_replica},
        {row({1, 0, 1}), errc::stale_snapshot},  {row({1, 0, 0}), errc::session_changed},
        {no_row(), errc::database_error},        {sqlstate("57014"), errc::database_error},
        {connection_lost(), errc::session_lost},
    };
    for (const auto& [diagnosis, expected] : cases) {
        Machine machine = postgresql();
        machine.start(Op::try_acquire, active()).reply(no_row());
        ASSERT_TRUE(asks(machine, Purpose::other));
        EXPECT_TRUE(contains(machine.sql(), "pg_backend_pid() = 4711"));
        EXPECT_TRUE(contains(machine.sql(), "pg_is_in_recovery()"));
        EXPECT_TRUE(contains(machine.sql(), "transaction_isolation"));
        machine.reply(diagnosis);
        EXPECT_TRUE(fails(machine, expected));
    }
}

TEST(PostgresqlTry, a_pooler_that_the_caller_vouches_for_is_no_error) {
    Machine machine = postgresql({.server_version = 150020, .check_identity = false});
    machine.start(Op::try_acquire, idle()).reply(no_row()).reply(row({0, 1, 0}));
    EXPECT_TRUE(fails(machine, errc::read_replica));
}

TEST(PostgresqlTry, an_unknown_server_session_is_not_taken_for_a_pooler) {
    Machine machine = postgresql();
    Situation situation = idle();
    situation.identity = 0;
    machine.start(Op::try_acquire, situation);
    EXPECT_FALSE(contains(machine.sql(), "pg_backend_pid"));
    machine.reply(no_row()).reply(row({1, 1, 0}));
    EXPECT_TRUE(fails(machine, errc::read_replica));
}

TEST(PostgresqlTry, a_session_that_another_client_has_marked_is_a_poolers) {
    Machine machine = postgresql({.server_version = 150020, .mark = 77});
    Situation situation = idle();
    situation.identity = 0;
    machine.start(Op::try_acquire, situation).reply(no_row());
    EXPECT_TRUE(contains(machine.sql(), "IN ('', '77'), "));
    machine.reply(row({0, 0, 0}));
    EXPECT_TRUE(fails(machine, errc::pooler_detected));
}

TEST(PostgresqlTry, each_kind_of_error_has_its_code_and_keeps_the_servers_text) {
    const struct {
        const char* state;
        errc error;
    } cases[] = {
        {"40P01", errc::deadlock},           {"42501", errc::permission_denied},
        {"53200", errc::resource_exhausted}, {"53300", errc::resource_exhausted},
        {"25P02", errc::transaction_failed}, {"XX000", errc::database_error},
        {"22023", errc::database_error},     {"", errc::database_error},
    };
    for (const auto& [state, expected] : cases) {
        Machine machine = postgresql();
        machine.start(Op::try_acquire, idle()).reply(sqlstate(state));
        EXPECT_TRUE(fails(machine, expected)) << state;
        EXPECT_EQ(machine.native().sqlstate, state);
        EXPECT_EQ(machine.native().message, std::string("server text of ") + state);
    }
}

TEST(PostgresqlTry, a_lost_connection_is_told_and_nothing_more_is_sent) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, idle()).reply(connection_lost());
    EXPECT_TRUE(fails(machine, errc::session_lost));
    EXPECT_EQ(machine.native().message, "gone");
}

TEST(PostgresqlTry, the_servers_text_of_an_earlier_failure_is_forgotten) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, idle()).reply(sqlstate("53200"));
    Situation busy = idle();
    busy.transaction = TransactionState::busy;
    EXPECT_TRUE(fails(machine.start(Op::try_acquire, busy), errc::session_busy));
    EXPECT_EQ(machine.native().sqlstate, "");
    EXPECT_EQ(machine.native().message, "");
}

TEST(PostgresqlTry, a_cancelled_try_is_checked_outside_a_transaction) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, idle()).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::granted));

    machine.start(Op::try_acquire, idle()).reply(sqlstate("57014")).reply(row({0}));
    EXPECT_TRUE(gives(machine, Verdict::interrupted));
}

TEST(PostgresqlTry, a_cancelled_try_inside_a_transaction_gives_back_what_it_may_have_taken) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, active()).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::release));
    EXPECT_TRUE(before(machine.sql(), "ROLLBACK; ", "pg_advisory_unlock(42)"));
    EXPECT_TRUE(before(machine.sql(), "pg_advisory_unlock(42)", "BEGIN; ROLLBACK TO SAVEPOINT"));
    machine.reply(row_and(1, sqlstate("3B001")));
    EXPECT_TRUE(fails(machine, errc::transaction_failed));
    EXPECT_EQ(machine.native().sqlstate, "57014") << "the cause, not the expected failure";
}

TEST(PostgresqlTry, giving_back_is_tried_again_when_a_late_cancel_hits_it) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, active()).reply(sqlstate("57014"));
    const std::string clean = machine.sql();
    machine.reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::release));
    EXPECT_EQ(machine.sql(), clean);
    // This time the unlock got through, the end did not: only that is repeated.
    machine.reply(row_and(0, sqlstate("57014")));
    ASSERT_TRUE(asks(machine, Purpose::other));
    EXPECT_FALSE(contains(machine.sql(), "unlock"));
    EXPECT_TRUE(contains(machine.sql(), "BEGIN; ROLLBACK TO SAVEPOINT"));
    EXPECT_TRUE(fails(machine.reply(sqlstate("3B001")), errc::transaction_failed));
    EXPECT_EQ(machine.native().sqlstate, "57014");
}

TEST(PostgresqlTry, giving_back_that_fails_is_in_doubt) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, active()).reply(sqlstate("57014")).reply(sqlstate("XX000"));
    EXPECT_TRUE(fails_in_doubt(machine));

    machine.start(Op::try_acquire, active()).reply(sqlstate("57014"));
    for (int i = 0; i < 20 && machine.step().send != nullptr; ++i) {
        machine.reply(sqlstate("57014"));
    }
    EXPECT_TRUE(fails_in_doubt(machine)) << "it must give up some time";
}

// ---- What is refused before anything is sent. ----

TEST(PostgresqlStart, a_busy_session_is_refused_for_every_operation) {
    Machine machine = postgresql();
    Situation situation = idle();
    situation.transaction = TransactionState::busy;
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        EXPECT_TRUE(fails(machine.start(op, situation), errc::session_busy));
    }
}

TEST(PostgresqlStart, a_failed_transaction_is_refused_but_for_a_release) {
    Machine machine = postgresql();
    for (const Op op : {Op::try_acquire, Op::wait, Op::verify}) {
        EXPECT_TRUE(fails(machine.start(op, waiting(failed())), errc::transaction_failed));
    }
    EXPECT_TRUE(asks(machine.start(Op::release, failed()), Purpose::release));
}

TEST(PostgresqlStart, a_transaction_level_lock_needs_a_transaction) {
    Machine machine = postgresql_xact();
    EXPECT_TRUE(fails(machine.start(Op::try_acquire, idle()), errc::no_transaction));
    EXPECT_TRUE(asks(machine.start(Op::try_acquire, active()), Purpose::try_acquire));
}

TEST(PostgresqlStart, a_transaction_level_lock_is_not_released_by_hand) {
    Machine machine = postgresql_xact();
    EXPECT_TRUE(fails(machine.start(Op::release, active()), errc::held_by_transaction));
    EXPECT_TRUE(fails(machine.start(Op::release, failed()), errc::held_by_transaction));
}

TEST(PostgresqlStart, waits_are_cut_into_slices) {
    EXPECT_TRUE(postgresql().dialect().waits_in_slices());
}

// ---- A transaction-level try. ----

TEST(PostgresqlXactTry, a_cancelled_try_fails_the_transaction_and_holds_nothing) {
    Machine machine = postgresql_xact();
    machine.start(Op::try_acquire, active()).reply(sqlstate("57014"));
    EXPECT_TRUE(fails(machine, errc::transaction_failed));
}

TEST(PostgresqlXactTry, the_timeouts_that_a_wait_changes_are_read_with_the_try) {
    Machine machine = postgresql_xact();
    machine.start(Op::try_acquire, active());
    EXPECT_TRUE(before(machine.sql(), "pg_try_advisory_xact_lock(42)", "'lock_timeout'"));
    EXPECT_TRUE(before(machine.sql(), "'lock_timeout'", "'statement_timeout'"));
    EXPECT_TRUE(before(machine.sql(), "'statement_timeout'", "'client_connection_check_interval'"));
    machine.reply(row({0, 7000, 50, 300}));
    ASSERT_TRUE(gives(machine, Verdict::busy));

    machine.start(Op::wait, waiting(active()));
    EXPECT_TRUE(before(machine.sql(), "pg_advisory_xact_lock(42)", "lock_timeout = 7000"));
    EXPECT_TRUE(before(machine.sql(), "pg_advisory_xact_lock(42)", "statement_timeout = 50"));
    EXPECT_TRUE(before(machine.sql(), "pg_advisory_xact_lock(42)",
                       "client_connection_check_interval = 300"));
}

TEST(PostgresqlXactTry, servers_without_the_connection_check_are_not_asked_for_it) {
    Machine machine = postgresql_xact(130000);
    machine.start(Op::try_acquire, active());
    EXPECT_FALSE(contains(machine.sql(), "client_connection_check_interval"));
    machine.reply(row({0, 7000, 50}));
    machine.start(Op::wait, waiting(active()));
    EXPECT_FALSE(contains(machine.sql(), "client_connection_check_interval"));
}

// ---- Verify. ----

TEST(PostgresqlVerify, the_count_of_granted_rows_decides) {
    Machine machine = postgresql();
    machine.start(Op::verify, idle());
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::held));
    EXPECT_TRUE(gives(machine.start(Op::verify, active()).reply(row({2})), Verdict::held));
    EXPECT_TRUE(gives(machine.start(Op::verify, active()).reply(row({0})), Verdict::not_held));
}

TEST(PostgresqlVerify, a_late_cancel_is_asked_again_a_few_times) {
    Machine machine = postgresql();
    machine.start(Op::verify, idle()).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::held));

    machine.start(Op::verify, idle());
    int asked = 0;
    for (; asked < 20 && machine.step().send != nullptr; ++asked) {
        machine.reply(sqlstate("57014"));
    }
    EXPECT_TRUE(fails(machine, errc::interrupted));
    EXPECT_GT(asked, 1);
}

TEST(PostgresqlVerify, a_cancel_inside_a_transaction_has_failed_it_and_is_not_repeated) {
    Machine machine = postgresql();
    machine.start(Op::verify, active()).reply(sqlstate("57014"));
    EXPECT_TRUE(fails(machine, errc::interrupted));
}

TEST(PostgresqlVerify, errors_are_told) {
    Machine machine = postgresql();
    EXPECT_TRUE(
        fails(machine.start(Op::verify, idle()).reply(sqlstate("42501")), errc::permission_denied));
    EXPECT_TRUE(fails(machine.start(Op::verify, idle()).reply(no_row()), errc::database_error));
    EXPECT_TRUE(
        fails(machine.start(Op::verify, idle()).reply(connection_lost()), errc::session_lost));
}

}  // namespace
}  // namespace dlock::detail
