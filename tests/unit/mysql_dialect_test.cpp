// What the machine of GET_LOCK makes of the answers, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "mysql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

class MysqlDialectTest : public testing::TestWithParam<MysqlFlavour> {
  protected:
    Machine machine() const { return mysql(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Flavours, MysqlDialectTest, testing::ValuesIn(flavours),
                         [](const auto& info) {
                             return info.param == MysqlFlavour::mysql ? "mysql" : "mariadb";
                         });

// ---- Try and wait. ----

TEST_P(MysqlDialectTest, one_is_a_grant_and_zero_is_busy) {
    for (const auto& [op, purpose] :
         {std::pair(Op::try_acquire, Purpose::try_acquire), std::pair(Op::wait, Purpose::wait)}) {
        Machine it = machine();
        ASSERT_TRUE(asks(it.start(op, mysql_session()), purpose));
        EXPECT_TRUE(gives(it.reply(row({1})), Verdict::granted));
        EXPECT_TRUE(gives(it.start(op, mysql_session()).reply(row({0})), Verdict::busy));
    }
}

TEST_P(MysqlDialectTest, a_key_that_the_session_holds_already_is_refused) {
    for (const Op op : {Op::try_acquire, Op::wait}) {
        Machine it = machine();
        EXPECT_TRUE(fails(it.start(op, mysql_session()).reply(row({2})), errc::already_locked));
    }
}

TEST_P(MysqlDialectTest, another_server_session_is_told_and_nothing_is_taken) {
    for (const Op op : {Op::try_acquire, Op::wait}) {
        Machine it = machine();
        EXPECT_TRUE(fails(it.start(op, mysql_session()).reply(row({3})), errc::session_changed));
    }
}

TEST_P(MysqlDialectTest, an_unknown_answer_is_in_doubt) {
    Machine it = machine();
    EXPECT_TRUE(fails_in_doubt(it.start(Op::wait, mysql_session()).reply(row({7}))));
    EXPECT_TRUE(fails_in_doubt(it.start(Op::try_acquire, mysql_session()).reply(row({-1}))));
}

TEST_P(MysqlDialectTest, null_is_neither_a_grant_nor_a_timeout_and_is_checked) {
    for (const Op op : {Op::try_acquire, Op::wait}) {
        for (const Reply& answer : {null_row(), no_row()}) {
            Machine it = machine();
            it.start(op, mysql_session()).reply(answer);
            ASSERT_TRUE(asks(it, Purpose::verify));
            EXPECT_TRUE(gives(it.reply(row({1})), Verdict::granted));
            it.start(op, mysql_session()).reply(answer).reply(row({0}));
            EXPECT_TRUE(gives(it, Verdict::interrupted));
            it.start(op, mysql_session()).reply(answer).reply(null_row());  // nobody holds it
            EXPECT_TRUE(gives(it, Verdict::interrupted));
        }
    }
}

TEST_P(MysqlDialectTest, a_statement_ended_on_the_server_is_checked) {
    for (const int number : {1317, 3024, 1969}) {
        Machine it = machine();
        it.start(Op::wait, mysql_session()).reply(error_number(number));
        ASSERT_TRUE(asks(it, Purpose::verify)) << number;
        EXPECT_TRUE(gives(it.reply(row({0})), Verdict::interrupted));
        it.start(Op::wait, mysql_session()).reply(error_number(number)).reply(row({1}));
        EXPECT_TRUE(gives(it, Verdict::granted));
    }
}

TEST_P(MysqlDialectTest, a_late_kill_of_the_check_is_asked_again_a_few_times) {
    Machine it = machine();
    it.start(Op::wait, mysql_session()).reply(null_row()).reply(error_number(1317));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({1})), Verdict::granted));

    it.start(Op::wait, mysql_session()).reply(null_row());
    for (int i = 0; i < 20 && it.step().send != nullptr; ++i) {
        it.reply(error_number(1317));
    }
    EXPECT_TRUE(fails_in_doubt(it));
}

TEST_P(MysqlDialectTest, a_check_that_fails_is_in_doubt) {
    Machine it = machine();
    it.start(Op::wait, mysql_session()).reply(null_row()).reply(error_number(1105));
    EXPECT_TRUE(fails_in_doubt(it));
    EXPECT_TRUE(
        fails_in_doubt(it.start(Op::wait, mysql_session()).reply(null_row()).reply(no_row())));
}

TEST_P(MysqlDialectTest, each_kind_of_error_has_its_code_and_keeps_the_servers_text) {
    const struct {
        int number;
        errc error;
    } cases[] = {
        {3057, errc::invalid_key},        {4163, errc::invalid_key},
        {1059, errc::invalid_key},        {1044, errc::permission_denied},
        {1142, errc::permission_denied},  {1227, errc::permission_denied},
        {1370, errc::permission_denied},  {1235, errc::not_supported},
        {2014, errc::session_busy},       {1037, errc::resource_exhausted},
        {1041, errc::resource_exhausted}, {1105, errc::database_error},
    };
    for (const auto& [number, expected] : cases) {
        for (const Op op : {Op::try_acquire, Op::wait}) {
            Machine it = machine();
            it.start(op, mysql_session()).reply(error_number(number));
            EXPECT_TRUE(fails(it, expected)) << number;
            EXPECT_EQ(it.native().code, number);
            EXPECT_EQ(it.native().message, "server text of " + std::to_string(number));
        }
    }
}

TEST_P(MysqlDialectTest, a_deadlock_is_an_error_of_a_wait_and_a_try_is_just_busy) {
    for (const int number : {3058, 1213}) {
        Machine it = machine();
        it.start(Op::wait, mysql_session()).reply(error_number(number));
        EXPECT_TRUE(fails(it, errc::deadlock)) << number;
        EXPECT_EQ(it.native().code, number);
        it.start(Op::try_acquire, mysql_session()).reply(error_number(number));
        EXPECT_EQ(it.step().send, nullptr);
        EXPECT_EQ(it.step().verdict, Verdict::busy) << number;
    }
}

TEST_P(MysqlDialectTest, the_servers_text_of_an_earlier_failure_is_forgotten) {
    Machine it = machine();
    it.start(Op::try_acquire, mysql_session()).reply(error_number(1105));
    it.start(Op::try_acquire, mysql_session()).reply(row({2}));
    EXPECT_TRUE(fails(it, errc::already_locked));
    EXPECT_EQ(it.native().code, 0);
    EXPECT_EQ(it.native().message, "");
}

TEST_P(MysqlDialectTest, a_connection_lost_at_any_step_is_told) {
    Machine it = machine();
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        EXPECT_TRUE(
            fails(it.start(op, mysql_session()).reply(connection_lost()), errc::session_lost));
    }
    it.start(Op::wait, mysql_session()).reply(null_row()).reply(connection_lost());
    EXPECT_TRUE(fails(it, errc::session_lost));
}

TEST_P(MysqlDialectTest, a_busy_session_is_refused_before_anything_is_sent) {
    Situation situation = mysql_session();
    situation.transaction = TransactionState::busy;
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        Machine it = machine();
        EXPECT_TRUE(fails(it.start(op, situation), errc::session_busy));
    }
}

TEST_P(MysqlDialectTest, an_open_transaction_changes_nothing) {
    Situation situation = mysql_session();
    situation.transaction = TransactionState::active;
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        Machine outside = machine();
        Machine inside = machine();
        EXPECT_EQ(inside.start(op, situation).sql(), outside.start(op, mysql_session()).sql());
    }
}

TEST_P(MysqlDialectTest, waits_are_not_cut_into_slices) {
    EXPECT_FALSE(machine().dialect().waits_in_slices());
}

// ---- Release. ----

TEST_P(MysqlDialectTest, one_statement_gives_the_lock_back) {
    Machine it = machine();
    it.start(Op::release, mysql_session());
    ASSERT_TRUE(asks(it, Purpose::release));
    EXPECT_EQ(it.sql(), "SELECT RELEASE_LOCK(_utf8mb4 X:key)");
    EXPECT_TRUE(gives(it.reply(row({1})), Verdict::released));
}

TEST_P(MysqlDialectTest, a_release_that_gives_zero_or_null_means_that_the_lock_was_lost) {
    Machine it = machine();
    EXPECT_TRUE(fails(it.start(Op::release, mysql_session()).reply(row({0})), errc::lock_lost));
    EXPECT_TRUE(fails(it.start(Op::release, mysql_session()).reply(null_row()), errc::lock_lost));
}

TEST_P(MysqlDialectTest, a_late_kill_of_the_release_is_asked_again) {
    Machine it = machine();
    it.start(Op::release, mysql_session()).reply(error_number(1317));
    ASSERT_TRUE(asks(it, Purpose::release));
    EXPECT_TRUE(gives(it.reply(row({1})), Verdict::released));

    it.start(Op::release, mysql_session());
    for (int i = 0; i < 20 && it.step().send != nullptr; ++i) {
        it.reply(error_number(1317));
    }
    EXPECT_TRUE(fails_in_doubt(it)) << "it must give up some time";
}

TEST_P(MysqlDialectTest, a_release_that_fails_is_in_doubt) {
    Machine it = machine();
    EXPECT_TRUE(fails_in_doubt(it.start(Op::release, mysql_session()).reply(error_number(1105))));
    EXPECT_EQ(it.native().code, 1105);
}

// ---- Verify. ----

TEST_P(MysqlDialectTest, verify_tells_whether_this_session_holds_it) {
    Machine it = machine();
    it.start(Op::verify, mysql_session());
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({1})), Verdict::held));
    for (const Reply& answer : {row({0}), null_row()}) {
        it.start(Op::verify, mysql_session()).reply(answer);
        EXPECT_TRUE(gives(it, Verdict::not_held));
    }
}

TEST_P(MysqlDialectTest, verify_that_fails_is_an_error_without_doubt) {
    Machine it = machine();
    EXPECT_TRUE(fails(it.start(Op::verify, mysql_session()).reply(error_number(1105)),
                      errc::database_error));
    EXPECT_TRUE(fails(it.start(Op::verify, mysql_session()).reply(no_row()), errc::database_error));
    it.start(Op::verify, mysql_session()).reply(error_number(1317));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(gives(it.reply(row({1})), Verdict::held));
}

}  // namespace
}  // namespace dlock::detail
