// What takes seconds: servers and cancels that never answer, and waiters that do not.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

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
    std::vector<std::function<void()>> never;
    AsyncCase server({.name = "waits", .answers = {busy, granted}},
                     {.blocking_executor = [&never](std::function<void()> job) {
                         never.push_back(std::move(job));
                     }});
    AsyncLoop loop(server);
    loop.start();
    loop.run_until_waiting();
    loop.cancel();
    loop.run();
    EXPECT_EQ(loop.error(), errc::session_lost);
    EXPECT_TRUE(server.closed);
    EXPECT_FALSE(loop.held());
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
