// What the SQLite dialect asks for and makes of the answers, without a file.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/sqlite.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;

class SqliteDialectTest : public testing::Test {
  protected:
    Step start(Op op, Mode mode = Mode::exclusive, Duration remaining = Duration::max(),
               Duration slice = Duration::max()) {
        return dialect_->start(op, {.mode = mode, .slice = slice, .remaining = remaining});
    }
    Step answer(Op op, std::int64_t value) {
        (void)start(op);
        Reply reply;
        reply.has_row = true;
        reply.values[0] = value;
        return dialect_->resume(reply);
    }
    Step failure(Op op, int error) {
        (void)start(op);
        Reply reply;
        reply.failed = true;
        reply.native = {.code = error, .message = "text"};
        return dialect_->resume(reply);
    }

    std::unique_ptr<Dialect> dialect_ = make_sqlite_dialect();
};

TEST_F(SqliteDialectTest, each_operation_is_one_statement_without_sql) {
    const struct {
        Op op;
        Purpose purpose;
    } pairs[] = {{Op::try_acquire, Purpose::try_acquire},
                 {Op::wait, Purpose::wait},
                 {Op::release, Purpose::release},
                 {Op::verify, Purpose::verify}};
    for (const auto& [op, purpose] : pairs) {
        for (const Mode mode : {Mode::exclusive, Mode::shared}) {
            const Step step = start(op, mode);
            ASSERT_NE(step.send, nullptr);
            EXPECT_EQ(step.send->purpose, purpose);
            EXPECT_EQ(step.send->mode, mode);
            EXPECT_TRUE(step.send->sql.empty());
        }
    }
}

TEST_F(SqliteDialectTest, a_wait_is_as_long_as_what_is_left_and_no_longer_than_asked_for) {
    EXPECT_EQ(start(Op::wait, Mode::exclusive, 5s).send->limit, 5s);
    EXPECT_EQ(start(Op::wait).send->limit, Duration::max());
    EXPECT_EQ(start(Op::wait, Mode::exclusive, 5s, 1s).send->limit, 1s);
    EXPECT_FALSE(dialect_->waits_in_slices());
}

TEST_F(SqliteDialectTest, answers_become_verdicts) {
    EXPECT_EQ(answer(Op::try_acquire, 1).verdict, Verdict::granted);
    EXPECT_EQ(answer(Op::try_acquire, 0).verdict, Verdict::busy);
    EXPECT_EQ(answer(Op::wait, 1).verdict, Verdict::granted);
    EXPECT_EQ(answer(Op::wait, 0).verdict, Verdict::busy);
    EXPECT_EQ(answer(Op::verify, 1).verdict, Verdict::held);
    EXPECT_EQ(answer(Op::verify, 0).verdict, Verdict::not_held);
    EXPECT_EQ(answer(Op::release, 1).verdict, Verdict::released);
}

TEST_F(SqliteDialectTest, a_release_of_what_is_not_held_is_a_lost_lock) {
    const Step step = answer(Op::release, 0);
    EXPECT_EQ(step.verdict, Verdict::failed);
    EXPECT_EQ(step.error, errc::lock_lost);
    EXPECT_FALSE(step.in_doubt);
}

TEST_F(SqliteDialectTest, errnos_become_errors) {
    const struct {
        int number;
        errc error;
    } pairs[] = {{EACCES, errc::permission_denied},  {EPERM, errc::permission_denied},
                 {EROFS, errc::permission_denied},   {ENOLCK, errc::resource_exhausted},
                 {ENOSPC, errc::resource_exhausted}, {EMFILE, errc::resource_exhausted},
                 {ENOMEM, errc::resource_exhausted}, {EIO, errc::database_error},
                 {EINVAL, errc::database_error}};
    for (const auto& [number, error] : pairs) {
        const Step step = failure(Op::try_acquire, number);
        EXPECT_EQ(step.verdict, Verdict::failed) << number;
        EXPECT_EQ(step.error, error) << number;
        EXPECT_STRNE(step.advice, "") << number;
        EXPECT_FALSE(step.in_doubt) << number;
        EXPECT_EQ(dialect_->native().code, number);
        EXPECT_EQ(dialect_->native().message, "text");
    }
}

TEST_F(SqliteDialectTest, a_cancelled_wait_was_interrupted) {
    EXPECT_EQ(failure(Op::wait, EINTR).verdict, Verdict::interrupted);
    EXPECT_EQ(failure(Op::try_acquire, EINTR).verdict, Verdict::failed);
}

TEST_F(SqliteDialectTest, a_release_that_failed_leaves_the_lock_in_doubt) {
    EXPECT_TRUE(failure(Op::release, ENOMEM).in_doubt);
    EXPECT_FALSE(failure(Op::verify, ENOMEM).in_doubt);
}

TEST_F(SqliteDialectTest, a_closed_session_is_lost) {
    for (const Op op : {Op::try_acquire, Op::wait, Op::release, Op::verify}) {
        (void)start(op);
        Reply reply;
        reply.failed = true;
        reply.connection_lost = true;
        const Step step = dialect_->resume(reply);
        EXPECT_EQ(step.verdict, Verdict::failed);
        EXPECT_EQ(step.error, errc::session_lost);
        EXPECT_FALSE(step.in_doubt);
    }
}

TEST_F(SqliteDialectTest, no_answer_to_an_acquire_is_in_doubt) {
    (void)start(Op::wait);
    const Step step = dialect_->resume(Reply{});
    EXPECT_EQ(step.verdict, Verdict::failed);
    EXPECT_TRUE(step.in_doubt);
}

TEST(SqliteCapabilities, are_those_of_byte_range_locks) {
    const Capabilities capabilities = sqlite_capabilities();
    EXPECT_EQ(capabilities.database, "SQLite");
    EXPECT_TRUE(capabilities.modes.contains(Mode::exclusive));
    EXPECT_TRUE(capabilities.modes.contains(Mode::shared));
    EXPECT_FALSE(capabilities.modes.contains(Mode::update));
    EXPECT_FALSE(capabilities.xact);
    EXPECT_FALSE(capabilities.deadlock_detection);
    EXPECT_FALSE(capabilities.fair_queue);
}

}  // namespace
}  // namespace dlock::detail
