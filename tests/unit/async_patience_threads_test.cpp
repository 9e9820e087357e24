// What takes seconds: servers and cancels that never answer, and waiters that do not.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

#include <atomic>
#include <memory>
#include <semaphore>

namespace dlock::detail {
namespace {

const Reply busy = answer(Verdict::busy);
const Reply granted = answer(Verdict::granted);

TEST(AsyncPatience, a_server_that_is_silent_after_a_cancel_loses_the_session) {
    AsyncCase server({.name = "silent", .answers = {busy, granted}});
    AsyncLoop loop(server);
    loop.start();
    loop.run_until_waiting();
    loop.is_silent = true;
    loop.cancel();
    loop.run();
    EXPECT_EQ(loop.error(), errc::session_lost);
    EXPECT_TRUE(server.closed);
}

TEST(AsyncPatience, a_cancel_that_never_ends_loses_the_session) {
    AsyncCase server({.name = "waits", .answers = {busy, granted}},
                     {.blocking_executor = on_thread});
    const auto hangs = std::make_shared<std::binary_semaphore>(0);
    std::atomic<int> forced = 0;
    std::binary_semaphore begun{0};
    server.on_cancel = [&begun, hangs] {
        const auto alive = hangs;
        begun.release();
        alive->acquire();
    };
    server.on_force = [&] { ++forced; };
    AsyncLoop loop(server);
    loop.start();
    loop.run_until_waiting();
    loop.cancel();
    begun.acquire();
    loop.run();
    EXPECT_EQ(loop.error(), errc::session_lost);
    EXPECT_TRUE(server.closed);
    EXPECT_FALSE(loop.held());
    EXPECT_GE(forced, 1) << "the cancel must do nothing any more";
    hangs->release();
}

TEST(AsyncPatience, a_thread_of_the_client_library_on_a_silent_server_loses_the_session) {
    AsyncCase server({.name = "blocks", .answers = {busy, granted}, .suspensions = -1},
                     {.blocking_executor = on_thread});
    std::binary_semaphore waiting{0};
    std::binary_semaphore ended{0};
    FakeDriver& driver = server.fake->driver;
    driver.on_execute = [&](const Statement& statement) {
        if (statement.purpose != Purpose::wait) {
            return busy;
        }
        waiting.release();
        ended.acquire();
        return granted;  // at the last moment
    };
    const auto hangs = std::make_shared<std::binary_semaphore>(0);
    server.on_cancel = [hangs] {
        const auto alive = hangs;
        alive->acquire();
    };
    server.on_force = [&] { ended.release(); };
    AsyncLoop loop(server);
    loop.start();
    while (!waiting.try_acquire() && !loop.done()) {
        loop.poll();
    }
    loop.cancel();
    loop.run();
    EXPECT_EQ(loop.error(), errc::session_lost);
    EXPECT_TRUE(server.closed);
    EXPECT_FALSE(loop.held());
    hangs->release();
}

TEST(AsyncPatience, one_who_does_not_answer_is_passed_by) {
    const Scenario queueing{.name = "queues", .answers = {busy, granted}, .suspensions = 0};
    AsyncCase front({.name = "front", .answers = {granted}, .queues = true});
    AsyncCase a(queueing);
    AsyncCase b(queueing);
    AsyncLoop silent(a);
    AsyncLoop next(b);
    silent.start();
    next.start();
    front.leave_queue();
    const auto start = std::chrono::steady_clock::now();
    while (!next.done()) {  // nobody polls the first
        next.step();
    }
    EXPECT_TRUE(next.held());
    EXPECT_GE(std::chrono::steady_clock::now() - start, LocalQueue::patience);
    silent.poll();
    EXPECT_TRUE(silent.held()) << "it can still go on";
}

}  // namespace
}  // namespace dlock::detail
