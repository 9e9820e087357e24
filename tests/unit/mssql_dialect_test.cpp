// What the machine of sp_getapplock makes of the answers to an acquire, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "mssql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

constexpr Op acquires[] = {Op::try_acquire, Op::wait};

// ---- Return codes. ----

TEST(MssqlDialect, zero_and_one_are_grants_and_minus_one_is_busy) {
    for (const auto& [op, purpose] :
         {std::pair(Op::try_acquire, Purpose::try_acquire), std::pair(Op::wait, Purpose::wait)}) {
        Machine it = mssql();
        ASSERT_TRUE(asks(it.start(op, mssql_session()), purpose));
        EXPECT_TRUE(gives(it.reply(mssql_answer(0)), Verdict::granted));
        EXPECT_TRUE(gives(it.start(op, mssql_session()).reply(mssql_answer(1)), Verdict::granted));
        EXPECT_TRUE(gives(it.start(op, mssql_session()).reply(mssql_answer(-1)), Verdict::busy));
    }
}

TEST(MssqlDialect, minus_two_is_looked_after_and_is_an_interruption) {
    for (const Op op : acquires) {
        Machine it = mssql();
        it.start(op, mssql_session()).reply(mssql_answer(-2));
        ASSERT_TRUE(asks(it, Purpose::verify));
        EXPECT_TRUE(gives(it.reply(row({0})), Verdict::interrupted));
        it.start(op, mssql_session()).reply(mssql_answer(-2)).reply(row({1}));
        EXPECT_TRUE(gives(it, Verdict::granted));
    }
}

TEST(MssqlDialect, minus_three_is_a_deadlock_that_took_nothing) {
    Machine it = mssql();
    EXPECT_TRUE(
        fails(it.start(Op::wait, mssql_session()).reply(mssql_answer(-3, 1, 1)), errc::deadlock));
    EXPECT_EQ(it.step().transaction, TransactionState::active) << "it goes on";
}

TEST(MssqlDialect, an_unknown_code_is_in_doubt) {
    for (const Op op : acquires) {
        for (const std::int64_t code : {2, 7, -4, -998, -1005}) {
            Machine it = mssql();
            EXPECT_TRUE(fails_in_doubt(it.start(op, mssql_session()).reply(mssql_answer(code))));
        }
    }
}

TEST(MssqlDialect, answers_of_our_own_are_told_from_those_of_the_server) {
    const struct {
        std::int64_t answer;
        errc error;
    } cases[] = {{MssqlAnswer::already_held, errc::already_locked},
                 {MssqlAnswer::no_transaction, errc::no_transaction},
                 {MssqlAnswer::doomed, errc::transaction_failed},
                 {MssqlAnswer::no_names, errc::not_supported}};
    for (const auto& [answer, expected] : cases) {
        ASSERT_LT(answer, -999);
        for (const Op op : acquires) {
            Machine it = mssql_xact();
            EXPECT_TRUE(fails(it.start(op, mssql_session()).reply(mssql_answer(answer)), expected));
        }
    }
}

// ---- Babelfish answers -999 for a lock that is held, if the timeout is zero. ----

TEST(MssqlDialect, a_refused_try_is_asked_once_more_with_a_millisecond) {
    Machine it = mssql();
    it.start(Op::try_acquire, mssql_session());
    EXPECT_TRUE(contains(it.sql(), "@LockTimeout = 0,"));
    it.reply(mssql_answer(-999));
    ASSERT_TRUE(asks(it, Purpose::try_acquire));
    EXPECT_TRUE(contains(it.sql(), "@LockTimeout = 1,"));
    EXPECT_TRUE(gives(it.reply(mssql_answer(-1)), Verdict::busy));
}

TEST(MssqlDialect, the_second_look_may_find_the_lock_free) {
    for (const std::int64_t code : {0, 1}) {
        Machine it = mssql();
        it.start(Op::try_acquire, mssql_session()).reply(mssql_answer(-999));
        EXPECT_TRUE(gives(it.reply(mssql_answer(code)), Verdict::granted));
    }
}

TEST(MssqlDialect, a_server_that_needs_the_second_look_is_asked_with_a_millisecond_from_then_on) {
    Machine it = mssql();
    it.start(Op::try_acquire, mssql_session()).reply(mssql_answer(-999)).reply(mssql_answer(-1));
    it.start(Op::try_acquire, mssql_session());
    EXPECT_TRUE(contains(it.sql(), "@LockTimeout = 1,"));
    EXPECT_TRUE(gives(it.reply(mssql_answer(-1)), Verdict::busy));
}

TEST(MssqlDialect, a_true_parameter_error_stays_one) {
    Machine it = mssql();
    it.start(Op::try_acquire, mssql_session()).reply(mssql_answer(-999)).reply(mssql_answer(-999));
    EXPECT_TRUE(fails(it, errc::database_error));
    EXPECT_TRUE(
        fails(it.start(Op::wait, mssql_session()).reply(mssql_answer(-999)), errc::database_error));
}

// ---- No answer is never a grant. ----

TEST(MssqlDialect, without_an_answer_the_lock_is_looked_after) {
    for (const Op op : acquires) {
        for (const Reply& answer : {no_row(), null_row(), mssql_answer(MssqlAnswer::nothing),
                                    row({std::nullopt, 0, 0})}) {
            Machine it = mssql();
            it.start(op, mssql_session()).reply(answer);
            ASSERT_TRUE(asks(it, Purpose::verify));
            EXPECT_TRUE(gives(it.reply(row({1})), Verdict::granted));
            it.start(op, mssql_session()).reply(answer).reply(row({0}));
            EXPECT_TRUE(fails(it, errc::database_error));
        }
    }
}

TEST(MssqlDialect, a_look_without_an_answer_is_in_doubt) {
    for (const Reply& answer : {no_row(), null_row(), error_number(8134)}) {
        Machine it = mssql();
        it.start(Op::wait, mssql_session()).reply(no_row()).reply(answer);
        EXPECT_TRUE(fails_in_doubt(it));
    }
}

// ---- Errors. ----

TEST(MssqlDialect, errors_that_leave_no_doubt_are_told_at_once) {
    const struct {
        int number;
        errc error;
    } cases[] = {
        {1205, errc::deadlock},
        {229, errc::permission_denied},
        {230, errc::permission_denied},
        {297, errc::permission_denied},
        {300, errc::permission_denied},
        {1202, errc::permission_denied},
        {15151, errc::permission_denied},
        {15247, errc::permission_denied},
        {2812, errc::not_supported},
        {3930, errc::transaction_failed},
        {3998, errc::transaction_failed},
        {701, errc::resource_exhausted},
        {1204, errc::resource_exhausted},
        {8645, errc::resource_exhausted},
        {10928, errc::resource_exhausted},
        {10929, errc::resource_exhausted},
    };
    for (const auto& [number, expected] : cases) {
        for (const Op op : acquires) {
            Machine it = mssql();
            it.start(op, mssql_session()).reply(error_number(number));
            EXPECT_TRUE(fails(it, expected)) << number;
            EXPECT_EQ(it.native().code, number);
            EXPECT_EQ(it.native().message, "server text of " + std::to_string(number));
        }
    }
}

TEST(MssqlDialect, after_any_other_error_the_lock_is_looked_after) {
    for (const Op op : acquires) {
        Machine it = mssql();
        it.start(op, mssql_session()).reply(error_number(33557097));
        ASSERT_TRUE(asks(it, Purpose::verify));
        it.reply(row({0}));
        EXPECT_TRUE(fails(it, errc::database_error));
        EXPECT_EQ(it.native().code, 33557097) << "the error that it was, not that of the look";
        it.start(op, mssql_session()).reply(error_number(33557097)).reply(row({1}));
        EXPECT_TRUE(gives(it, Verdict::granted));
    }
}

TEST(MssqlDialect, an_error_after_a_grant_is_looked_after_whatever_it_is) {
    Machine it = mssql();
    it.start(Op::wait, mssql_session()).reply(row_and(1, error_number(229)));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({1})), Verdict::granted));
}

TEST(MssqlDialect, a_cancelled_statement_is_looked_after_and_is_an_interruption) {
    for (const Reply& answer :
         {error_number(3617), sqlstate("HY008"), sqlstate("HYT00"), sqlstate("57014")}) {
        for (const Op op : acquires) {
            Machine it = mssql();
            it.start(op, mssql_session()).reply(answer);
            ASSERT_TRUE(asks(it, Purpose::verify));
            EXPECT_TRUE(gives(it.reply(row({0})), Verdict::interrupted));
            it.start(op, mssql_session()).reply(answer).reply(row({1}));
            EXPECT_TRUE(gives(it, Verdict::granted));
        }
    }
}

TEST(MssqlDialect, a_late_cancel_of_the_look_is_asked_again_a_few_times) {
    Machine it = mssql();
    it.start(Op::wait, mssql_session()).reply(mssql_answer(-2)).reply(sqlstate("HY008"));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({0})), Verdict::interrupted));

    it.start(Op::wait, mssql_session()).reply(mssql_answer(-2));
    for (int i = 0; i < 20 && it.step().send != nullptr; ++i) {
        it.reply(sqlstate("HY008"));
    }
    EXPECT_TRUE(fails_in_doubt(it));
}

TEST(MssqlDialect, the_servers_own_lock_timeout_is_busy_for_a_try_and_cuts_a_wait_short) {
    Machine it = mssql();
    EXPECT_TRUE(
        gives(it.start(Op::try_acquire, mssql_session()).reply(error_number(1222)), Verdict::busy));
    it.start(Op::wait, mssql_session()).reply(error_number(1222));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({0})), Verdict::interrupted));
}

TEST(MssqlDialect, a_connection_lost_at_any_step_is_told) {
    Machine it = mssql();
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        EXPECT_TRUE(
            fails(it.start(op, mssql_session()).reply(connection_lost()), errc::session_lost));
    }
    it.start(Op::wait, mssql_session()).reply(no_row()).reply(connection_lost());
    EXPECT_TRUE(fails(it, errc::session_lost));
    it.start(Op::release, mssql_session()).reply(row({-999})).reply(connection_lost());
    EXPECT_TRUE(fails(it, errc::session_lost));
}

TEST(MssqlDialect, the_servers_text_of_an_earlier_failure_is_forgotten) {
    Machine it = mssql();
    it.start(Op::try_acquire, mssql_session()).reply(error_number(229));
    it.start(Op::try_acquire, mssql_session()).reply(mssql_answer(MssqlAnswer::already_held));
    EXPECT_EQ(it.native().code, 0);
    EXPECT_EQ(it.native().message, "");
}

// ---- Transactions. ----

TEST(MssqlDialect, the_end_of_each_acquire_tells_the_state_of_the_transaction) {
    const struct {
        std::int64_t depth;
        std::int64_t state;
        TransactionState expected;
    } cases[] = {
        {0, 0, TransactionState::idle},   {1, 1, TransactionState::active},
        {3, 1, TransactionState::active}, {1, -1, TransactionState::failed},
        {1, 0, TransactionState::active},
    };
    for (const auto& [depth, state, expected] : cases) {
        for (const Op op : acquires) {
            for (const std::int64_t code :
                 {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-3}, MssqlAnswer::doomed}) {
                Machine it = mssql();
                it.start(op, mssql_session()).reply(mssql_answer(code, depth, state));
                EXPECT_EQ(it.step().send, nullptr);
                EXPECT_EQ(it.step().transaction, expected) << depth << ' ' << state;
            }
        }
    }
}

TEST(MssqlDialect, the_state_of_the_transaction_is_unknown_until_the_server_tells) {
    Machine it = mssql();
    it.start(Op::wait, mssql_session()).reply(mssql_answer(0, 1, 1));
    it.start(Op::wait, mssql_session()).reply(row({-1}));
    EXPECT_EQ(it.step().transaction, TransactionState::unknown);
}

TEST(MssqlDialect, a_failed_transaction_is_refused_before_anything_is_sent) {
    Situation situation = mssql_session();
    situation.transaction = TransactionState::failed;
    for (const Op op : acquires) {
        Machine it = mssql();
        EXPECT_TRUE(fails(it.start(op, situation), errc::transaction_failed));
    }
    Machine it = mssql();
    EXPECT_TRUE(asks(it.start(Op::release, situation), Purpose::release));
    EXPECT_TRUE(asks(it.start(Op::verify, situation), Purpose::verify));
}

TEST(MssqlDialect, a_busy_session_is_refused_before_anything_is_sent) {
    Situation situation = mssql_session();
    situation.transaction = TransactionState::busy;
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        Machine it = mssql();
        EXPECT_TRUE(fails(it.start(op, situation), errc::session_busy));
    }
}

TEST(MssqlDialect, whether_there_is_a_transaction_is_left_to_the_server) {
    // With autocommit off it begins one for the lock, and a BEGIN TRAN in a statement is unseen.
    for (const TransactionState state :
         {TransactionState::idle, TransactionState::active, TransactionState::unknown}) {
        Situation situation = mssql_session();
        situation.transaction = state;
        Machine it = mssql_xact();
        EXPECT_TRUE(asks(it.start(Op::try_acquire, situation), Purpose::try_acquire));
    }
}

// ---- Capabilities. ----

TEST(MssqlDialect, it_can_do_what_sp_getapplock_can) {
    const Capabilities can = mssql_capabilities();
    EXPECT_EQ(can.database, "SQL Server");
    for (const Mode mode : {Mode::exclusive, Mode::shared, Mode::update, Mode::intent_shared,
                            Mode::intent_exclusive}) {
        EXPECT_TRUE(can.modes.contains(mode));
    }
    EXPECT_FALSE(can.modes.contains(Mode::shared_intent_exclusive));
    EXPECT_FALSE(can.modes.contains(Mode::null));
    EXPECT_TRUE(can.xact && can.deadlock_detection && can.fair_queue && can.principals);
    EXPECT_FALSE(can.int32_pair_keys);
    EXPECT_TRUE(mssql().dialect().waits_in_slices());
}

}  // namespace
}  // namespace dlock::detail
