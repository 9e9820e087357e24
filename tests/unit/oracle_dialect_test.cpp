// What the machine of DBMS_LOCK makes of the answers, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "oracle_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

constexpr Op acquires[] = {Op::try_acquire, Op::wait};
constexpr Op all[] = {Op::try_acquire, Op::wait, Op::release, Op::verify};

constexpr const char* not_declared = "PLS-00201: identifier 'SYS.DBMS_LOCK' must be declared";
constexpr const char* no_function = "PLS-00302: component 'REQUEST' must be declared";

// ---- What REQUEST returns. ----

TEST(OracleDialect, zero_is_a_grant_and_one_is_busy) {
    for (const auto& [op, purpose] :
         {std::pair(Op::try_acquire, Purpose::try_acquire), std::pair(Op::wait, Purpose::wait)}) {
        Machine it = oracle();
        ASSERT_TRUE(asks(it.start(op, oracle_session()), purpose));
        EXPECT_TRUE(gives(it.reply(row({0, 0})), Verdict::granted));
        EXPECT_TRUE(gives(it.start(op, oracle_session()).reply(row({1, 0})), Verdict::busy));
    }
}

TEST(OracleDialect, each_other_code_is_an_error_of_its_own) {
    const struct {
        std::int64_t code;
        errc error;
    } cases[] = {{2, errc::deadlock},
                 {3, errc::database_error},
                 {4, errc::already_locked},
                 {5, errc::database_error}};
    for (const auto& [code, expected] : cases) {
        for (const Op op : acquires) {
            Machine it = oracle();
            EXPECT_TRUE(fails(it.start(op, oracle_session()).reply(row({code, 0})), expected));
        }
    }
}

TEST(OracleDialect, an_unknown_code_is_in_doubt) {
    for (const std::int64_t code : {6, -1, 100}) {
        Machine it = oracle();
        EXPECT_TRUE(fails_in_doubt(it.start(Op::wait, oracle_session()).reply(row({code, 0}))));
    }
}

TEST(OracleDialect, without_an_answer_the_lock_is_looked_after) {
    for (const Op op : acquires) {
        for (const Reply& answer : {no_row(), null_row(), row({std::nullopt, 0})}) {
            Machine it = oracle();
            it.start(op, oracle_session()).reply(answer);
            ASSERT_TRUE(asks(it, Purpose::verify));
            EXPECT_TRUE(gives(it.reply(row({0})), Verdict::granted));
            it.start(op, oracle_session()).reply(answer).reply(row({4}));
            EXPECT_TRUE(fails(it, errc::database_error));
        }
    }
}

TEST(OracleDialect, a_look_without_a_clear_answer_is_in_doubt) {
    for (const Reply& answer :
         {no_row(), null_row(), row({1}), row({2}), row({3}), row({5}), row({9}), ora(600)}) {
        Machine it = oracle();
        it.start(Op::wait, oracle_session()).reply(null_row()).reply(answer);
        EXPECT_TRUE(fails_in_doubt(it));
    }
}

// ---- Errors. ----

TEST(OracleDialect, errors_that_leave_no_doubt_are_told_at_once) {
    const struct {
        int number;
        const char* text;
        errc error;
    } cases[] = {
        {60, "deadlock detected while waiting for resource", errc::deadlock},
        {1031, "insufficient privileges", errc::permission_denied},
        {6550, not_declared, errc::permission_denied},
        {6550, no_function, errc::not_supported},
        {52, "maximum number of enqueue resources exceeded", errc::resource_exhausted},
        {53, "maximum number of enqueues exceeded", errc::resource_exhausted},
        {4031, "unable to allocate shared memory", errc::resource_exhausted},
    };
    for (const auto& [number, text, expected] : cases) {
        for (const Op op : acquires) {
            Machine it = oracle();
            EXPECT_TRUE(fails(it.start(op, oracle_session()).reply(ora(number, text)), expected))
                << number;
            EXPECT_EQ(it.native().code, number);
            EXPECT_TRUE(contains(it.native().message, text));
        }
    }
}

TEST(OracleDialect, a_missing_grant_is_named) {
    Machine it = oracle();
    it.start(Op::try_acquire, oracle_session()).reply(ora(6550, not_declared));
    EXPECT_TRUE(contains(it.step().advice, "GRANT EXECUTE ON SYS.DBMS_LOCK"));
}

TEST(OracleDialect, after_any_other_error_the_lock_is_looked_after) {
    for (const Op op : acquires) {
        Machine it = oracle();
        it.start(op, oracle_session()).reply(ora(20001));
        ASSERT_TRUE(asks(it, Purpose::verify));
        it.reply(row({4}));
        EXPECT_TRUE(fails(it, errc::database_error));
        EXPECT_EQ(it.native().code, 20001);
        it.start(op, oracle_session()).reply(ora(20001)).reply(row({0}));
        EXPECT_TRUE(gives(it, Verdict::granted));
    }
}

TEST(OracleDialect, a_cancelled_request_is_looked_after_and_is_an_interruption) {
    for (const Op op : acquires) {
        Machine it = oracle();
        it.start(op, oracle_session()).reply(ora(1013));
        ASSERT_TRUE(asks(it, Purpose::verify));
        EXPECT_TRUE(gives(it.reply(row({4})), Verdict::interrupted));
        it.start(op, oracle_session()).reply(ora(1013)).reply(row({0}));
        EXPECT_TRUE(gives(it, Verdict::granted));
    }
}

TEST(OracleDialect, a_late_cancel_of_the_look_is_asked_again_a_few_times) {
    Machine it = oracle();
    it.start(Op::wait, oracle_session()).reply(ora(1013)).reply(ora(1013));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({4})), Verdict::interrupted));

    it.start(Op::wait, oracle_session()).reply(ora(1013));
    for (int i = 0; i < 20 && it.step().send != nullptr; ++i) {
        it.reply(ora(1013));
    }
    EXPECT_TRUE(fails_in_doubt(it));
}

TEST(OracleDialect, a_cancel_that_the_odbc_driver_reports_is_looked_into) {
    for (const char* const state : {"HY008", "57014"}) {
        Reply cancelled;
        cancelled.failed = true;
        cancelled.native.sqlstate = state;
        Machine it = oracle();
        it.start(Op::wait, oracle_session()).reply(cancelled).reply(row({4}));
        EXPECT_TRUE(gives(it, Verdict::interrupted)) << state;
    }
}

TEST(OracleDialect, a_connection_lost_at_any_step_is_told) {
    Machine it = oracle();
    for (const Op op : all) {
        EXPECT_TRUE(
            fails(it.start(op, oracle_session()).reply(connection_lost()), errc::session_lost));
    }
    it.start(Op::wait, oracle_session()).reply(ora(1013)).reply(connection_lost());
    EXPECT_TRUE(fails(it, errc::session_lost));
}

TEST(OracleDialect, a_busy_session_is_refused_before_anything_is_sent) {
    Situation situation = oracle_session();
    situation.transaction = TransactionState::busy;
    for (const Op op : all) {
        Machine it = oracle();
        EXPECT_TRUE(fails(it.start(op, situation), errc::session_busy));
    }
}

TEST(OracleDialect, the_servers_text_of_an_earlier_failure_is_forgotten) {
    Machine it = oracle();
    it.start(Op::try_acquire, oracle_session()).reply(ora(1031));
    it.start(Op::try_acquire, oracle_session()).reply(row({4, 0}));
    EXPECT_EQ(it.native().code, 0);
    EXPECT_EQ(it.native().message, "");
}

// ---- Transactions. ----

TEST(OracleDialect, the_end_of_each_request_tells_whether_a_transaction_is_open) {
    for (const Op op : acquires) {
        for (const std::int64_t code : {0, 1, 2, 4}) {
            Machine it = oracle();
            it.start(op, oracle_session()).reply(row({code, 0}));
            EXPECT_EQ(it.step().transaction, TransactionState::idle);
            it.start(op, oracle_session()).reply(row({code, 1}));
            EXPECT_EQ(it.step().transaction, TransactionState::active);
            it.start(op, oracle_session()).reply(row({code}));
            EXPECT_EQ(it.step().transaction, TransactionState::unknown);
        }
    }
}

TEST(OracleDialect, a_lock_of_the_transaction_is_refused_where_each_statement_is_committed) {
    Situation situation = oracle_session();
    for (const Op op : acquires) {
        situation.transaction = TransactionState::idle;
        Machine it = oracle(true);
        EXPECT_TRUE(fails(it.start(op, situation), errc::no_transaction));
        for (const TransactionState state : {TransactionState::unknown, TransactionState::active}) {
            situation.transaction = state;
            EXPECT_NE(it.start(op, situation).step().send, nullptr);
        }
    }
}

TEST(OracleDialect, a_lock_of_the_transaction_is_not_given_back_by_hand) {
    Machine it = oracle(true);
    EXPECT_TRUE(fails(it.start(Op::release, oracle_session()), errc::held_by_transaction));
}

// ---- Release. ----

TEST(OracleDialect, zero_is_released_and_four_was_lost) {
    Machine it = oracle();
    ASSERT_TRUE(asks(it.start(Op::release, oracle_session()), Purpose::release));
    EXPECT_TRUE(gives(it.reply(row({0})), Verdict::released));
    EXPECT_TRUE(fails(it.start(Op::release, oracle_session()).reply(row({4})), errc::lock_lost));
}

TEST(OracleDialect, a_release_that_fails_otherwise_is_in_doubt) {
    for (const Reply& answer :
         {row({3}), row({5}), row({1}), row({77}), null_row(), no_row(), ora(20001), ora(6550)}) {
        Machine it = oracle();
        EXPECT_TRUE(fails_in_doubt(it.start(Op::release, oracle_session()).reply(answer)));
    }
}

TEST(OracleDialect, a_cancelled_release_is_asked_again_a_few_times) {
    Machine it = oracle();
    it.start(Op::release, oracle_session()).reply(ora(1013));
    ASSERT_TRUE(asks(it, Purpose::release));
    EXPECT_TRUE(gives(it.reply(row({0})), Verdict::released));

    it.start(Op::release, oracle_session());
    for (int i = 0; i < 20 && it.step().send != nullptr; ++i) {
        it.reply(ora(1013));
    }
    EXPECT_TRUE(fails_in_doubt(it));
}

// ---- Verify. ----

TEST(OracleDialect, a_conversion_to_the_mode_it_has_tells_whether_the_lock_is_held) {
    for (const bool xact : {false, true}) {
        Machine it = oracle(xact);
        ASSERT_TRUE(asks(it.start(Op::verify, oracle_session()), Purpose::verify));
        EXPECT_TRUE(gives(it.reply(row({0})), Verdict::held));
        EXPECT_TRUE(
            gives(it.start(Op::verify, oracle_session()).reply(row({4})), Verdict::not_held));
        EXPECT_TRUE(
            gives(it.start(Op::verify, oracle_session()).reply(row({1})), Verdict::not_held))
            << "held in a weaker mode";
    }
}

TEST(OracleDialect, what_cannot_be_read_is_an_error_and_no_doubt) {
    Machine it = oracle();
    for (const Reply& answer : {row({2}), row({3}), row({5}), null_row(), no_row(), ora(20001)}) {
        EXPECT_TRUE(
            fails(it.start(Op::verify, oracle_session()).reply(answer), errc::database_error));
    }
}

// ---- Capabilities. ----

TEST(OracleDialect, it_can_do_what_dbms_lock_can) {
    const Capabilities can = oracle_capabilities();
    EXPECT_EQ(can.database, "Oracle");
    for (const Mode mode : {Mode::exclusive, Mode::shared, Mode::intent_shared,
                            Mode::intent_exclusive, Mode::shared_intent_exclusive, Mode::null}) {
        EXPECT_TRUE(can.modes.contains(mode));
    }
    EXPECT_FALSE(can.modes.contains(Mode::update));
    EXPECT_TRUE(can.xact && can.deadlock_detection && can.fair_queue && can.allocated_names);
    EXPECT_FALSE(can.int32_pair_keys || can.principals);
    EXPECT_TRUE(oracle().dialect().waits_in_slices());
    EXPECT_EQ(oracle().dialect().shortest_wait(), 1s);
}

}  // namespace
}  // namespace dlock::detail
