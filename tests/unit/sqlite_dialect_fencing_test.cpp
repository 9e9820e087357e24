// How SQLite draws a fencing token, and what it makes of the answers, without a database.
// SPDX-License-Identifier: BSL-1.0
#include "dialects/sqlite.hpp"
#include "machine.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace dlock::detail {
namespace {

constexpr std::int64_t large = (std::int64_t{1} << 52) + 7;

testing::AssertionResult draws(const Machine& machine, std::int64_t token) {
    if (const auto result = gives(machine, Verdict::fenced); !result) {
        return result;
    }
    return machine.step().token == token ? testing::AssertionSuccess()
                                         : testing::AssertionFailure() << machine.step().token;
}

class SqliteFencing : public testing::Test {
  protected:
    Machine& start(std::int64_t synchronous = 3) {
        machine_.start(Op::fence, {.slice = std::chrono::seconds(1)});
        EXPECT_TRUE(contains(machine_.sql(), "PRAGMA main.synchronous"));
        return machine_.reply(row({synchronous}));
    }
    static Reply failure(int code, const char* text = "text") {
        return error({.code = code, .message = text});
    }
    Machine machine_{make_sqlite_dialect()};
};

TEST_F(SqliteFencing, a_session_that_waits_for_the_disk_just_draws) {
    ASSERT_TRUE(asks(start(), Purpose::fence));
    EXPECT_TRUE(contains(machine_.sql(), "UPDATE main.dlock_fencing"));
    EXPECT_TRUE(draws(machine_.reply(row({large})), large));
}

TEST_F(SqliteFencing, another_does_so_for_the_time_of_the_draw) {
    constexpr const char* levels[] = {"synchronous = OFF", "synchronous = NORMAL",
                                      "synchronous = FULL"};
    for (const std::int64_t level : {0, 1, 2}) {
        EXPECT_TRUE(contains(start(level).sql(), "synchronous = EXTRA"));
        EXPECT_TRUE(contains(machine_.reply(no_row()).sql(), "UPDATE"));
        EXPECT_TRUE(contains(machine_.reply(row({8})).sql(), levels[level]));
        EXPECT_TRUE(draws(machine_.reply(no_row()), 8));
    }
    // After an error as well.
    start(1).reply(no_row()).reply(failure(5));
    EXPECT_TRUE(contains(machine_.sql(), "synchronous = NORMAL"));
    EXPECT_TRUE(gives(machine_.reply(no_row()), Verdict::busy));
}

TEST_F(SqliteFencing, a_token_whose_commit_would_not_wait_for_the_disk_is_not_drawn) {
    // The failed statement may have changed the setting.
    EXPECT_TRUE(contains(start(1).reply(failure(9)).sql(), "synchronous = NORMAL"));
    EXPECT_TRUE(gives(machine_.reply(no_row()), Verdict::busy));
    EXPECT_TRUE(contains(start(1).reply(failure(7)).sql(), "synchronous = NORMAL"));
    EXPECT_TRUE(fails(machine_.reply(no_row()), errc::resource_exhausted));
}

TEST_F(SqliteFencing, a_setting_that_cannot_be_put_back_is_told) {
    start(1).reply(no_row()).reply(row({8})).reply(failure(9));
    EXPECT_TRUE(contains(machine_.sql(), "synchronous = NORMAL")) << "interrupted";
    EXPECT_TRUE(draws(machine_.reply(no_row()), 8));
    EXPECT_TRUE(
        fails(start(1).reply(no_row()).reply(row({8})).reply(failure(7)), errc::database_error));
}

TEST_F(SqliteFencing, what_stands_against_it_is_told) {
    for (const int code : {5, 6, 9, 517}) {
        EXPECT_TRUE(gives(start().reply(failure(code)), Verdict::busy)) << code;
    }
    EXPECT_TRUE(fails(start().reply(failure(1, "no such table: main.dlock_fencing")),
                      errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(no_row()), errc::no_fencing_schema));
    EXPECT_TRUE(fails(start().reply(failure(8)), errc::permission_denied));
    EXPECT_TRUE(fails(start().reply(failure(13)), errc::resource_exhausted));
    EXPECT_TRUE(fails(start().reply(connection_lost()), errc::session_lost));
}

}  // namespace
}  // namespace dlock::detail
