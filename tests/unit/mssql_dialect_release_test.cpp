// What the machine of sp_getapplock makes of a release and of a verify, without a server.
// SPDX-License-Identifier: BSL-1.0
#include "mssql_machine.hpp"

#include <gtest/gtest.h>

namespace dlock::detail {
namespace {

// Babelfish's number for nearly everything: here "lock TsqlApplockSync is not held".
constexpr int babelfish_error = 33557097;

TEST(MssqlRelease, one_statement_gives_the_lock_back) {
    Machine it = mssql();
    it.start(Op::release, mssql_session());
    ASSERT_TRUE(asks(it, Purpose::release));
    EXPECT_TRUE(gives(it.reply(row({0})), Verdict::released));
}

TEST(MssqlRelease, a_lock_that_is_not_held_was_lost) {
    Machine it = mssql();
    EXPECT_TRUE(
        fails(it.start(Op::release, mssql_session()).reply(error_number(1223)), errc::lock_lost));
    it.start(Op::release, mssql_session()).reply(row_and(-999, error_number(1223)));
    EXPECT_TRUE(fails(it, errc::lock_lost)) << "SQL Server raises the error and returns as well";
}

TEST(MssqlRelease, minus_nine_nine_nine_is_believed_after_a_look) {
    Machine it = mssql();
    it.start(Op::release, mssql_session()).reply(row({-999}));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(fails(it.reply(row({0})), errc::lock_lost));
    it.start(Op::release, mssql_session()).reply(row({-999})).reply(row({1}));
    EXPECT_TRUE(fails_in_doubt(it)) << "a login that is no member of the principal any more";
}

TEST(MssqlRelease, babelfish_raises_an_error_for_a_lock_that_nobody_holds) {
    Machine it = mssql();
    it.start(Op::release, mssql_session()).reply(error_number(babelfish_error));
    ASSERT_TRUE(asks(it, Purpose::verify));
    EXPECT_TRUE(fails(it.reply(row({0})), errc::lock_lost));
    it.start(Op::release, mssql_session()).reply(error_number(babelfish_error)).reply(row({1}));
    EXPECT_TRUE(fails_in_doubt(it));
}

TEST(MssqlRelease, without_an_answer_it_looks) {
    for (const Reply& answer :
         {no_row(), null_row(), row({MssqlAnswer::nothing}), row({1}), row({-4})}) {
        Machine it = mssql();
        it.start(Op::release, mssql_session()).reply(answer);
        ASSERT_TRUE(asks(it, Purpose::verify));
        EXPECT_TRUE(fails(it.reply(row({0})), errc::lock_lost));
        it.start(Op::release, mssql_session()).reply(answer).reply(row({1}));
        EXPECT_TRUE(fails_in_doubt(it));
        it.start(Op::release, mssql_session()).reply(answer).reply(null_row());
        EXPECT_TRUE(fails_in_doubt(it));
        it.start(Op::release, mssql_session()).reply(answer).reply(error_number(8134));
        EXPECT_TRUE(fails_in_doubt(it));
    }
}

TEST(MssqlRelease, a_cancelled_release_is_asked_again_while_the_lock_is_held) {
    Machine it = mssql();
    it.start(Op::release, mssql_session()).reply(sqlstate("HY008")).reply(row({1}));
    ASSERT_TRUE(asks(it, Purpose::release));
    EXPECT_TRUE(gives(it.reply(row({0})), Verdict::released));

    it.start(Op::release, mssql_session());
    for (int i = 0; i < 40 && it.step().send != nullptr; ++i) {
        it.reply(it.sent().purpose == Purpose::release ? sqlstate("HY008") : row({1}));
    }
    EXPECT_TRUE(fails_in_doubt(it));
}

TEST(MssqlRelease, a_lock_of_the_transaction_is_not_given_back_by_hand) {
    Machine it = mssql_xact();
    EXPECT_TRUE(fails(it.start(Op::release, mssql_session()), errc::held_by_transaction));
}

TEST(MssqlVerify, one_is_held_and_zero_is_not) {
    for (const bool xact : {false, true}) {
        Machine it = xact ? mssql_xact() : mssql();
        ASSERT_TRUE(asks(it.start(Op::verify, mssql_session()), Purpose::verify));
        EXPECT_TRUE(gives(it.reply(row({1})), Verdict::held));
        EXPECT_TRUE(
            gives(it.start(Op::verify, mssql_session()).reply(row({0})), Verdict::not_held));
    }
}

TEST(MssqlVerify, what_cannot_be_read_is_an_error_and_no_doubt) {
    Machine it = mssql();
    for (const Reply& answer : {no_row(), null_row(), error_number(8134)}) {
        EXPECT_TRUE(
            fails(it.start(Op::verify, mssql_session()).reply(answer), errc::database_error));
    }
    EXPECT_TRUE(fails(it.start(Op::verify, mssql_session()).reply(error_number(229)),
                      errc::permission_denied));
}

}  // namespace
}  // namespace dlock::detail
