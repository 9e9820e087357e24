// Blocking executors that drop work, run it late or throw.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"
#include "ends_late.hpp"

#include <atomic>
#include <future>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

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

TEST(AsyncExecutor, a_cancel_that_no_thread_was_free_for_is_not_waited_for) {
    Jobs never;
    AsyncCase server({.name = "waits", .answers = {busy, granted}, .cancel_works = false},
                     never.options());
    AsyncLoop loop(server);
    loop.start();
    loop.run_until_waiting();
    loop.cancel();
    ASSERT_EQ(never.jobs.size(), 1U);
    loop.run();
    EXPECT_EQ(loop.error(), errc::cancelled);
    EXPECT_EQ(server.held, 0);
    EXPECT_FALSE(server.closed);
}

TEST(AsyncExecutor, a_late_cancel_does_not_meet_the_next_statement) {
    AsyncCase server({.name = "waits", .answers = {busy, granted}, .cancel_works = false},
                     {.blocking_executor = on_thread});
    std::binary_semaphore begun{0};
    std::binary_semaphore idle{0};
    std::atomic<bool> over = false;
    server.on_cancel = [&] {
        begun.release();
        idle.acquire();
        over = true;
    };
    AsyncLoop loop(server);
    loop.on_idle = [&] { idle.release(); };
    loop.start();
    loop.run_until_waiting();
    loop.cancel();
    begun.acquire();
    loop.run();
    EXPECT_TRUE(over) << "the operation did not wait for its cancel";
    EXPECT_EQ(server.held, loop.held() ? 1 : 0);
}

// What the session's backend still does for a cancel must end before the session is closed.
TEST(AsyncExecutor, a_cancel_that_outlives_its_statement_ends_before_the_session_is_closed) {
    for (const bool lock_goes : {true, false}) {
        std::atomic<int> finished = 0;
        const auto until_finished = [&](int jobs) {
            while (finished < jobs) {
                std::this_thread::yield();
            }
        };
        AsyncCase server(blocks, {.blocking_executor = [&](std::function<void()> job) {
                             on_thread([&, job = std::move(job)] {
                                 job();
                                 ++finished;
                             });
                         }});
        std::binary_semaphore waits{0};
        std::binary_semaphore answers{0};
        FakeDriver& driver = server.fake->driver;
        driver.on_execute = [&, execute = driver.on_execute](const Statement& statement) {
            if (statement.purpose == Purpose::wait) {
                waits.release();
                answers.acquire();
            }
            return execute(statement);
        };
        std::binary_semaphore cancels{0};
        std::promise<void> leave;
        std::atomic<bool> over = false;
        server.on_cancel = [&] {
            cancels.release();
            leave.get_future().wait();
            over = true;
        };
        bool over_at_the_close = false;
        driver.on_abandon = [&] { over_at_the_close = over; };
        AsyncLoop loop(server);
        loop.start();
        while (!waits.try_acquire_for(std::chrono::milliseconds(1))) {
            loop.poll();
        }
        loop.cancel();
        cancels.acquire();
        answers.release();
        until_finished(2);  // the try and the wait
        EndsLate late(leave);
        if (lock_goes) {
            server.fake.reset();
        } else {
            loop.abandon();
        }
        EXPECT_TRUE(over_at_the_close);
        late.waiter_has_returned();
        until_finished(3);  // the cancel, too
    }
}

TEST(AsyncExecutor, work_that_is_dropped_waits_for_its_cancel) {
    std::vector<std::function<void()>> jobs;
    int given = 0;
    std::binary_semaphore cancels{0};
    std::promise<void> leave;
    std::atomic<bool> over = false;
    bool over_at_the_close = false;
    AsyncCase server({.name = "fences", .answers = {granted}, .suspensions = -1},
                     {.fencing = true, .blocking_executor = [&](std::function<void()> job) {
                          switch (++given) {
                              case 1:  // the try
                                  job();
                                  break;
                              case 2:  // the draw of the token
                                  jobs.push_back(std::move(job));
                                  break;
                              default:
                                  on_thread(std::move(job));
                          }
                      }});
    server.on_cancel = [&] {
        cancels.release();
        leave.get_future().wait();
        over = true;
    };
    server.fake->driver.on_abandon = [&] { over_at_the_close = over; };
    AsyncLoop loop(server);
    loop.start();
    while (jobs.empty()) {
        loop.step();
    }
    loop.cancel();
    cancels.acquire();
    jobs.clear();  // dropped
    loop.poll();
    EXPECT_FALSE(loop.done());
    leave.set_value();
    loop.run();
    EXPECT_TRUE(over_at_the_close);
    EXPECT_EQ(loop.error(), errc::session_lost);
}

}  // namespace
}  // namespace dlock::detail
