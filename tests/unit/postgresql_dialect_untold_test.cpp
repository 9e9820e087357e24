// PostgreSQL's machine on sessions whose client does not tell whether a transaction is open.
// SPDX-License-Identifier: BSL-1.0
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

constexpr Situation untold{};

TEST(PostgresqlUntold, the_try_asks_and_tells) {
    for (const std::int64_t answer : {0, 1}) {
        Machine machine = postgresql();
        machine.start(Op::try_acquire, untold);
        EXPECT_TRUE(
            contains(machine.sql(), ", pg_catalog.now() <> pg_catalog.statement_timestamp()"));
        EXPECT_TRUE(gives(machine.reply(row({0, answer})), Verdict::busy));
        EXPECT_EQ(machine.step().transaction,
                  answer == 1 ? TransactionState::active : TransactionState::idle);
    }
    Machine machine = postgresql();
    machine.start(Op::try_acquire, idle());
    EXPECT_FALSE(contains(machine.sql(), "statement_timestamp"));
}

TEST(PostgresqlUntold, a_transaction_lock_outside_a_transaction_is_refused) {
    for (const std::int64_t taken : {0, 1}) {
        Machine machine = postgresql_xact();
        machine.start(Op::try_acquire, untold).reply(row({taken, 0, 0, 0, 0}));
        EXPECT_TRUE(fails(machine, errc::no_transaction));
    }
}

TEST(PostgresqlUntold, a_transaction_lock_that_was_waited_for_is_verified) {
    for (const std::int64_t held : {0, 1}) {
        Machine machine = postgresql_xact();
        machine.start(Op::try_acquire, untold).reply(row({0, 1, 0, 0, 0}));
        machine.start(Op::wait, waiting(active())).reply(null_row());
        ASSERT_TRUE(asks(machine, Purpose::verify));
        machine.reply(row({held}));
        EXPECT_TRUE(held == 1 ? gives(machine, Verdict::granted)
                              : fails(machine, errc::no_transaction));
    }
}

TEST(PostgresqlUntold, a_cancelled_try_is_looked_into) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, untold).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(gives(machine.reply(row({0})), Verdict::interrupted));
    machine.start(Op::try_acquire, untold).reply(sqlstate("57014"));
    machine.reply(sqlstate("25P02"));
    ASSERT_TRUE(asks(machine, Purpose::release)) << "a transaction was open, and has failed";
    machine.reply(sqlstate("3B001"));
    EXPECT_TRUE(fails(machine, errc::transaction_failed));
}

TEST(PostgresqlUntold, a_release_that_finds_a_failed_transaction_leaves_it_failed) {
    for (const std::int64_t held : {0, 1}) {
        Machine machine = postgresql();
        machine.start(Op::release, untold).reply(sqlstate("25P02"));
        EXPECT_EQ(machine.sql(), "ROLLBACK; SELECT pg_catalog.pg_advisory_unlock(42); BEGIN");
        machine.reply(row({held}));
        EXPECT_EQ(machine.sql(), "ROLLBACK TO SAVEPOINT dlock_none");
        machine.reply(sqlstate("3B001"));
        EXPECT_TRUE(held == 1 ? gives(machine, Verdict::released)
                              : fails(machine, errc::lock_lost));
    }
}

TEST(PostgresqlUntold, a_result_that_was_lost_to_a_cancel_is_asked_for) {
    for (const Situation& situation : {idle(), active()}) {
        Machine machine = postgresql();
        machine.start(Op::wait, waiting(situation)).reply(sqlstate("HY008"));
        ASSERT_TRUE(asks(machine, Purpose::verify));
        EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::granted));
    }
}

TEST(PostgresqlUntold, the_isolation_level_counts_inside_a_transaction_only) {
    Machine machine = postgresql();
    machine.start(Op::try_acquire, untold);
    EXPECT_TRUE(contains(machine.sql(),
                         "('repeatable read', 'serializable') AND pg_catalog.now() <> "
                         "pg_catalog.statement_timestamp())"));
}

}  // namespace
}  // namespace dlock::detail
