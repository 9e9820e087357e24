// Blocking executors that drop work, run it late or throw.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

#include <stdexcept>

namespace dlock::detail {
namespace {

const Reply busy = answer(Verdict::busy);
const Reply granted = answer(Verdict::granted);
const Scenario blocks{.name = "blocks", .answers = {busy, granted}, .suspensions = -1};

// Work that is done when somebody says so.
struct Jobs {
    std::deque<std::function<void()>> jobs;

    [[nodiscard]] LockOptions options() {
        return {.blocking_executor = [this](std::function<void()> job) {
            jobs.push_back(std::move(job));
        }};
    }
    void run_one() {
        if (!jobs.empty()) {
            const auto job = std::move(jobs.front());
            jobs.pop_front();
            job();
        }
    }
};

TEST(AsyncExecutor, work_that_is_dropped_closes_the_session) {
    AsyncCase server(blocks, {.blocking_executor = [](const std::function<void()>&) {}});
    AsyncLoop loop(server);
    loop.start();
    loop.run();
    EXPECT_EQ(loop.error(), errc::session_lost);
    EXPECT_TRUE(server.closed);
    EXPECT_EQ(server.fake->lock.last_error()->which(), errc::session_lost);
}

TEST(AsyncExecutor, an_executor_that_throws_closes_the_session) {
    AsyncCase server(blocks, {.blocking_executor = [](const std::function<void()>&) {
                         throw std::runtime_error("no");
                     }});
    AsyncLoop loop(server);
    loop.start();
    loop.run();
    EXPECT_EQ(loop.error(), errc::session_lost);
    EXPECT_TRUE(server.closed);
}

TEST(AsyncExecutor, one_that_throws_after_it_has_run_the_work_does_no_harm) {
    AsyncCase server(blocks, {.blocking_executor = [](const std::function<void()>& job) {
                         job();
                         throw std::runtime_error("late");
                     }});
    AsyncLoop loop(server);
    loop.start();
    loop.run();
    EXPECT_TRUE(loop.held());
}

TEST(AsyncExecutor, work_may_run_late) {
    Jobs late;
    AsyncCase server(blocks, late.options());
    AsyncLoop loop(server);
    loop.on_idle = [&] { late.run_one(); };
    loop.start();
    EXPECT_FALSE(loop.done());
    EXPECT_TRUE(server.fake->driver.sent.empty());
    loop.run();
    EXPECT_TRUE(loop.held());
}

TEST(AsyncExecutor, work_that_was_not_begun_never_is_once_the_operation_is_over) {
    for (const bool lock_goes : {true, false}) {
        Jobs late;
        AsyncCase server(blocks, late.options());
        AsyncLoop loop(server);
        loop.start();
        if (lock_goes) {
            server.fake.reset();
        } else {
            loop.abandon();
        }
        ASSERT_EQ(late.jobs.size(), 1U);
        late.run_one();
        EXPECT_EQ(server.held, 0);
    }
}

TEST(AsyncExecutor, cancels_that_are_dropped_are_repeated) {
    int cancels = 0;
    AsyncCase server({.name = "waits", .answers = {busy, granted}},
                     {.blocking_executor = [&](const std::function<void()>& job) {
                         if (++cancels > 2) {
                             job();
                         }
                     }});
    AsyncLoop loop(server);
    loop.start();
    loop.run_until_waiting();
    loop.is_silent = true;
    loop.cancel();
    while (cancels < 3 && !loop.done()) {
        loop.step();
    }
    loop.is_silent = false;
    loop.run();
    EXPECT_EQ(loop.error(), errc::cancelled);
    EXPECT_EQ(server.held, 0);
    EXPECT_FALSE(server.closed);
}

TEST(AsyncExecutor, a_late_cancel_does_not_meet_the_next_statement) {
    Jobs late;
    AsyncCase server({.name = "waits", .answers = {busy, granted}, .cancel_works = false},
                     late.options());
    AsyncLoop loop(server);
    loop.on_idle = [&] { late.run_one(); };
    loop.start();
    loop.run_until_waiting();
    loop.cancel();
    ASSERT_EQ(late.jobs.size(), 1U);
    loop.run();
    EXPECT_TRUE(late.jobs.empty()) << "the operation did not wait for its cancel";
    EXPECT_EQ(server.held, loop.held() ? 1 : 0);
}

}  // namespace
}  // namespace dlock::detail
