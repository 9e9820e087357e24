// How the machine of PostgreSQL waits: time limits, slices, what follows on each error.
// SPDX-License-Identifier: BSL-1.0
#include "postgresql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

// A machine whose first try found the lock busy.
Machine after_busy_try(Machine machine, const Situation& situation) {
    machine.start(Op::try_acquire, situation).reply(row({0, 0, 0, 0}));
    return machine;
}

std::string first_wait(const Situation& situation, Duration slice,
                       Duration remaining = Duration::max()) {
    Machine machine = after_busy_try(postgresql(), situation);
    machine.start(Op::wait, waiting(situation, slice, remaining));
    EXPECT_TRUE(asks(machine, Purpose::wait));
    return machine.sql();
}

// The second wait of an acquire, where the server says that its deadlock_timeout is `timeout`.
std::string second_wait(std::int64_t timeout, Duration slice, Duration remaining) {
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle(), slice)).reply(sqlstate("55P03"));
    machine.start(Op::wait, waiting(idle(), slice, remaining));
    EXPECT_TRUE(asks(machine, Purpose::other));
    EXPECT_TRUE(contains(machine.sql(), "'deadlock_timeout'"));
    machine.reply(row({timeout}));
    EXPECT_TRUE(asks(machine, Purpose::wait));
    return machine.sql();
}

// ---- Verdicts. ----

TEST(PostgresqlWait, a_row_is_a_grant_and_55P03_is_busy) {
    for (const Mode mode : {Mode::exclusive, Mode::shared}) {
        Machine machine = after_busy_try(postgresql(), idle(mode));
        machine.start(Op::wait, waiting(idle(mode)));
        ASSERT_TRUE(asks(machine, Purpose::wait));
        EXPECT_EQ(machine.sent().mode, mode);
        EXPECT_TRUE(gives(machine.reply(row({std::nullopt})), Verdict::granted));
    }
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle())).reply(sqlstate("55P03"));
    EXPECT_TRUE(gives(machine, Verdict::busy));
}

TEST(PostgresqlWait, errors_after_which_nothing_can_be_held_are_told_at_once) {
    for (const auto& [state, expected] :
         {std::pair("40P01", errc::deadlock), std::pair("53200", errc::resource_exhausted)}) {
        Machine machine = after_busy_try(postgresql(), idle());
        machine.start(Op::wait, waiting(idle())).reply(sqlstate(state));
        EXPECT_TRUE(fails(machine, expected));
        EXPECT_EQ(machine.native().sqlstate, state);
    }
}

TEST(PostgresqlWait, a_cancelled_wait_is_checked) {
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle())).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(gives(machine.reply(row({1})), Verdict::granted));

    machine.start(Op::wait, waiting(idle(), 10s)).reply(row({1000})).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    machine.reply(sqlstate("57014"));  // a late cancel hits the question
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(gives(machine.reply(row({0})), Verdict::interrupted));
}

TEST(PostgresqlWait, other_errors_are_checked_and_then_told_with_their_own_text) {
    for (const auto& [state, expected] :
         {std::pair("42501", errc::permission_denied), std::pair("XX000", errc::database_error),
          std::pair("25P02", errc::transaction_failed)}) {
        Machine machine = after_busy_try(postgresql(), idle());
        machine.start(Op::wait, waiting(idle())).reply(sqlstate(state));
        ASSERT_TRUE(asks(machine, Purpose::verify)) << state;
        EXPECT_TRUE(fails(machine.reply(row({0})), expected));
        EXPECT_EQ(machine.native().sqlstate, state);
    }
}

TEST(PostgresqlWait, a_check_that_cannot_be_made_is_in_doubt) {
    for (const Reply& answer : {sqlstate("XX000"), no_row()}) {
        Machine machine = after_busy_try(postgresql(), idle());
        machine.start(Op::wait, waiting(idle())).reply(sqlstate("XX001")).reply(answer);
        EXPECT_TRUE(fails_in_doubt(machine));
    }
}

TEST(PostgresqlWait, a_connection_lost_at_any_step_is_told) {
    Machine machine = after_busy_try(postgresql(), idle());
    EXPECT_TRUE(fails(machine.start(Op::wait, waiting(idle())).reply(connection_lost()),
                      errc::session_lost));
    machine.start(Op::wait, waiting(idle()));  // the second: deadlock_timeout is read
    EXPECT_TRUE(fails(machine.reply(connection_lost()), errc::session_lost));
    machine.start(Op::wait, waiting(idle())).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(fails(machine.reply(connection_lost()), errc::session_lost));
    machine.start(Op::wait, waiting(active())).reply(sqlstate("55P03"));
    ASSERT_TRUE(asks(machine, Purpose::other));
    EXPECT_TRUE(fails(machine.reply(connection_lost()), errc::session_lost));
}

TEST(PostgresqlWait, a_pooler_that_moves_the_session_between_try_and_wait_is_found) {
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle()));
    EXPECT_EQ(count(machine.sql(), "WHERE pg_catalog.pg_backend_pid() = 4711"), 2U)
        << "neither of the two locks may be taken elsewhere";
    machine.reply(no_row());
    ASSERT_TRUE(asks(machine, Purpose::other));
    EXPECT_TRUE(fails(machine.reply(row({0, 0, 0})), errc::pooler_detected));
}

// ---- 22023: servers that cannot watch their client's connection. ----

TEST(PostgresqlWait, a_server_without_connection_check_is_asked_again_without_it_once) {
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle()));
    EXPECT_TRUE(contains(machine.sql(), "SET LOCAL client_connection_check_interval = 2000"));
    machine.reply(sqlstate("22023"));
    ASSERT_TRUE(asks(machine, Purpose::wait));
    EXPECT_FALSE(contains(machine.sql(), "client_connection_check_interval"));
    machine.reply(sqlstate("22023"));
    ASSERT_TRUE(asks(machine, Purpose::verify));
    EXPECT_TRUE(fails(machine.reply(row({0})), errc::database_error));

    // It has been learnt.
    machine.start(Op::try_acquire, idle()).reply(row({0}));
    machine.start(Op::wait, waiting(idle()));
    EXPECT_FALSE(contains(machine.sql(), "client_connection_check_interval"));
}

TEST(PostgresqlWait, inside_a_transaction_it_is_rolled_back_before_it_is_asked_again) {
    for (const bool xact : {false, true}) {
        Machine machine = xact ? postgresql_xact() : postgresql();
        machine.start(Op::try_acquire, active()).reply(row({0, 0, 0, 0}));
        machine.start(Op::wait, waiting(active())).reply(sqlstate("22023"));
        ASSERT_TRUE(asks(machine, Purpose::other));
        EXPECT_TRUE(contains(machine.sql(), "ROLLBACK TO SAVEPOINT dlock_wait"));
        machine.reply(no_row());
        ASSERT_TRUE(asks(machine, Purpose::wait));
        EXPECT_FALSE(contains(machine.sql(), "client_connection_check_interval"));
    }
}

// ---- Inside a transaction. ----

TEST(PostgresqlWaitInTransaction, a_failed_wait_is_rolled_back_and_then_judged) {
    const struct {
        const char* state;
        Verdict verdict;
    } cases[] = {{"55P03", Verdict::busy}, {"40P01", Verdict::failed}, {"53200", Verdict::failed}};
    for (const bool xact : {false, true}) {
        Machine machine = xact ? postgresql_xact() : postgresql();
        for (const auto& [state, verdict] : cases) {
            machine.start(Op::try_acquire, active()).reply(row({0, 0, 0, 0}));
            machine.start(Op::wait, waiting(active())).reply(sqlstate(state));
            ASSERT_TRUE(asks(machine, Purpose::other));
            EXPECT_EQ(machine.sql(),
                      "ROLLBACK TO SAVEPOINT dlock_wait; RELEASE SAVEPOINT dlock_wait");
            machine.reply(no_row());
            EXPECT_TRUE(gives(machine, verdict)) << state;
            EXPECT_FALSE(machine.step().in_doubt);
            EXPECT_EQ(machine.native().sqlstate, state);
        }
    }
}

TEST(PostgresqlWaitInTransaction, a_cancelled_wait_is_rolled_back_and_checked) {
    for (const bool xact : {false, true}) {
        Machine machine = xact ? postgresql_xact() : postgresql();
        machine.start(Op::try_acquire, active()).reply(row({0, 0, 0, 0}));
        machine.start(Op::wait, waiting(active())).reply(sqlstate("57014")).reply(no_row());
        ASSERT_TRUE(asks(machine, Purpose::verify));
        EXPECT_TRUE(gives(machine.reply(row({0})), Verdict::interrupted));
    }
}

TEST(PostgresqlWaitInTransaction, a_late_cancel_of_the_rollback_does_not_hide_the_first_error) {
    Machine machine = after_busy_try(postgresql(), active());
    machine.start(Op::wait, waiting(active())).reply(sqlstate("40P01")).reply(sqlstate("57014"));
    ASSERT_TRUE(asks(machine, Purpose::other));
    EXPECT_TRUE(contains(machine.sql(), "ROLLBACK TO SAVEPOINT dlock_wait"));
    EXPECT_TRUE(fails(machine.reply(no_row()), errc::deadlock));
    EXPECT_EQ(machine.native().sqlstate, "40P01");
}

TEST(PostgresqlWaitInTransaction, a_rollback_that_fails_is_in_doubt) {
    Machine machine = after_busy_try(postgresql(), active());
    machine.start(Op::wait, waiting(active())).reply(sqlstate("55P03")).reply(sqlstate("3B001"));
    EXPECT_TRUE(fails_in_doubt(machine));
    EXPECT_EQ(machine.step().error, errc::transaction_failed);

    machine.start(Op::wait, waiting(active())).reply(row({1000})).reply(sqlstate("55P03"));
    for (int i = 0; i < 20 && machine.step().send != nullptr; ++i) {
        machine.reply(sqlstate("57014"));
    }
    EXPECT_TRUE(fails_in_doubt(machine)) << "it must give up some time";
}

// ---- Time. ----

TEST(PostgresqlWaitTime, the_limit_is_rounded_up_to_milliseconds_and_never_off) {
    EXPECT_TRUE(contains(first_wait(idle(), 10s, 250ms), "SET LOCAL lock_timeout = 250; "));
    EXPECT_TRUE(contains(first_wait(idle(), 10s, 1500us), "SET LOCAL lock_timeout = 2; "));
    EXPECT_TRUE(contains(first_wait(idle(), 10s, 1ns), "SET LOCAL lock_timeout = 1; "));
    EXPECT_TRUE(contains(first_wait(idle(), 10s, 0ns), "SET LOCAL lock_timeout = 1; "));
    EXPECT_TRUE(contains(first_wait(idle(), 10s, -5s), "SET LOCAL lock_timeout = 1; "));
    EXPECT_TRUE(contains(first_wait(idle(), 10s), "SET LOCAL lock_timeout = 10000; "));
}

TEST(PostgresqlWaitTime, the_limit_is_capped_at_what_the_server_takes) {
    const std::string cap = "SET LOCAL lock_timeout = 2147483647; ";
    EXPECT_TRUE(contains(first_wait(idle(), Duration::max()), cap));
    EXPECT_TRUE(contains(first_wait(idle(), 2147483647ms), cap));
    EXPECT_TRUE(contains(first_wait(idle(), 2147483648ms), cap));
    EXPECT_TRUE(
        contains(second_wait(2147483647, 10s, Duration::max()), "lock_timeout = 2147483647; "));
}

TEST(PostgresqlWaitTime, the_second_slice_is_at_least_twice_the_deadlock_timeout) {
    EXPECT_TRUE(contains(second_wait(1000, 100ms, Duration::max()), "lock_timeout = 2000; "));
    EXPECT_TRUE(contains(second_wait(20000, 20s, Duration::max()), "lock_timeout = 40000; "));
    EXPECT_TRUE(contains(second_wait(1000, 20s, Duration::max()), "lock_timeout = 20000; "));
}

TEST(PostgresqlWaitTime, the_deadline_comes_before_the_deadlock_timeout) {
    EXPECT_TRUE(contains(second_wait(1000, 100ms, 300ms), "lock_timeout = 300; "));
}

TEST(PostgresqlWaitTime, an_unreadable_deadlock_timeout_changes_nothing) {
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle(), 100ms)).reply(sqlstate("55P03"));
    machine.start(Op::wait, waiting(idle(), 200ms)).reply(sqlstate("42501"));
    ASSERT_TRUE(asks(machine, Purpose::wait));
    EXPECT_TRUE(contains(machine.sql(), "lock_timeout = 200; "));
    machine.reply(sqlstate("55P03"));

    // It was a passing failure, so the next acquire asks again; an answer is kept for good.
    for (const bool known : {false, true}) {
        machine.start(Op::try_acquire, idle()).reply(row({0}));
        machine.start(Op::wait, waiting(idle(), 100ms)).reply(sqlstate("55P03"));
        machine.start(Op::wait, waiting(idle(), 100ms));
        if (!known) {
            ASSERT_TRUE(asks(machine, Purpose::other));
            machine.reply(row({1000}));
        }
        ASSERT_TRUE(asks(machine, Purpose::wait));
        EXPECT_TRUE(contains(machine.sql(), "lock_timeout = 2000; "));
        machine.reply(sqlstate("55P03"));
    }
}

TEST(PostgresqlWaitTime, reading_it_may_fail_the_transaction_which_is_told) {
    Machine machine = after_busy_try(postgresql(), active());
    machine.start(Op::wait, waiting(active())).reply(sqlstate("55P03")).reply(no_row());
    ASSERT_TRUE(gives(machine, Verdict::busy));
    machine.start(Op::wait, waiting(active())).reply(sqlstate("57014"));
    EXPECT_TRUE(fails(machine, errc::interrupted));
}

TEST(PostgresqlWaitTime, a_learnt_deadlock_timeout_holds_from_the_first_slice) {
    Machine machine = after_busy_try(postgresql(), idle());
    machine.start(Op::wait, waiting(idle(), 100ms)).reply(sqlstate("55P03"));
    machine.start(Op::wait, waiting(idle(), 100ms)).reply(row({1000})).reply(sqlstate("55P03"));
    machine.start(Op::try_acquire, idle()).reply(row({0}));
    machine.start(Op::wait, waiting(idle(), 100ms));
    EXPECT_TRUE(contains(machine.sql(), "lock_timeout = 2000; "));
}

}  // namespace
}  // namespace dlock::detail
