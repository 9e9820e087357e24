// How PostgreSQL's machine gives a lock back, also in a failed transaction, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

TEST(PostgresqlRelease, one_statement_gives_the_lock_back) {
    Machine machine = postgresql();
    machine.start(Op::release, idle());
    ASSERT_TRUE(asks(machine, Purpose::release));
    EXPECT_EQ(machine.sql(), "SELECT pg_catalog.pg_advisory_unlock(42)");
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::released));

    machine.start(Op::release, active(Mode::shared));
    EXPECT_EQ(machine.sql(), "SELECT pg_catalog.pg_advisory_unlock_shared(42)");
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::released));
}

TEST(PostgresqlRelease, a_lock_that_was_not_held_is_lost) {
    Machine machine = postgresql();
    EXPECT_TRUE(fails(machine.start(Op::release, idle()).reply(row({0})), errc::lock_lost));
    EXPECT_TRUE(fails(machine.start(Op::release, idle()).reply(null_row()), errc::lock_lost));
}

TEST(PostgresqlRelease, a_lost_connection_has_freed_the_lock) {
    Machine machine = postgresql();
    EXPECT_TRUE(
        fails(machine.start(Op::release, idle()).reply(connection_lost()), errc::session_lost));
}

TEST(PostgresqlRelease, an_answer_that_tells_nothing_is_in_doubt) {
    Machine machine = postgresql();
    EXPECT_TRUE(fails_in_doubt(machine.start(Op::release, idle()).reply(no_row())));
    EXPECT_TRUE(fails_in_doubt(machine.start(Op::release, idle()).reply(sqlstate("XX000"))));
}

TEST(PostgresqlRelease, a_late_cancel_is_asked_again) {
    Machine machine = postgresql();
    machine.start(Op::release, idle());
    const std::string unlock = machine.sql();
    machine.reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::release));
    EXPECT_EQ(machine.sql(), unlock);
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::released));

    machine.start(Op::release, idle());
    for (int i = 0; i < 20 && machine.step().send != nullptr; ++i) {
        machine.reply(sqlstate("57014"));
    }
    EXPECT_TRUE(fails_in_doubt(machine)) << "it must give up some time";
}

TEST(PostgresqlRelease, a_late_cancel_inside_a_transaction_has_failed_it) {
    Machine machine = postgresql();
    machine.start(Op::release, active()).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::release));
    EXPECT_TRUE(contains(machine.sql(), "ROLLBACK; SELECT pg_catalog.pg_advisory_unlock(42)"));
    EXPECT_TRUE(gives(machine.reply(row_and(1, sqlstate("3B001"))), Verdict::released));
}

TEST(PostgresqlRelease, in_a_failed_transaction_the_lock_is_freed_and_the_transaction_left_failed) {
    for (const Mode mode : {Mode::exclusive, Mode::shared}) {
        Machine machine = postgresql();
        machine.start(Op::release, failed(mode));
        ASSERT_TRUE(asks(machine, Purpose::release));
        const std::string unlock =
            mode == Mode::shared ? "pg_advisory_unlock_shared(42)" : "pg_advisory_unlock(42)";
        EXPECT_EQ(machine.sql(), "ROLLBACK; SELECT pg_catalog." + unlock +
                                     "; BEGIN; ROLLBACK TO SAVEPOINT dlock_none");
        EXPECT_TRUE(gives(machine.reply(row_and(1, sqlstate("3B001"))), Verdict::released));
    }
}

TEST(PostgresqlRelease, in_a_failed_transaction_a_lock_that_was_not_held_is_lost) {
    Machine machine = postgresql();
    machine.start(Op::release, failed()).reply(row_and(0, sqlstate("3B001")));
    EXPECT_TRUE(fails(machine, errc::lock_lost));
}

TEST(PostgresqlRelease, a_cancel_after_the_unlock_fails_the_transaction_again) {
    Machine machine = postgresql();
    machine.start(Op::release, failed()).reply(row_and(1, sqlstate("57014")));
    ASSERT_TRUE(asks(machine, Purpose::other));
    EXPECT_EQ(machine.sql(), "BEGIN; ROLLBACK TO SAVEPOINT dlock_none");
    machine.reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::other)) << "or the user's next statements would commit";
    EXPECT_TRUE(gives(machine.reply(sqlstate("3B001")), Verdict::released));
}

TEST(PostgresqlRelease, a_cancel_before_the_unlock_asks_again) {
    Machine machine = postgresql();
    machine.start(Op::release, failed());
    const std::string all = machine.sql();
    machine.reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::release));
    EXPECT_EQ(machine.sql(), all);
    EXPECT_TRUE(gives(machine.reply(row_and(1, sqlstate("3B001"))), Verdict::released));
}

TEST(PostgresqlRelease, another_error_before_the_unlock_is_in_doubt) {
    Machine machine = postgresql();
    machine.start(Op::release, failed()).reply(sqlstate("XX000"));
    EXPECT_TRUE(fails_in_doubt(machine));
    EXPECT_EQ(machine.native().sqlstate, "XX000");
}

TEST(PostgresqlRelease, an_old_failure_does_not_colour_a_new_release) {
    Machine machine = postgresql();
    machine.start(Op::release, failed()).reply(row_and(1, sqlstate("3B001")));
    machine.start(Op::release, failed()).reply(no_row());
    EXPECT_TRUE(fails_in_doubt(machine));
}

}  // namespace
}  // namespace dlock::detail
