// What an asynchronous operation sends, and does not send, when it is cancelled or has its turn.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using Sent = std::vector<Purpose>;

void step_until_waiting(AsyncCase& server, AsyncLoop& loop) {
    loop.start();
    while (!server.is_waiting()) {
        ASSERT_FALSE(loop.done());
        loop.step();
    }
}

TEST(AsyncCancel, a_grant_that_races_it_is_given_back) {
    AsyncCase server{{.name = "race",
                      .answers = {answer(Verdict::busy), answer(Verdict::granted)},
                      .cancel_works = false}};
    AsyncLoop loop(server);
    step_until_waiting(server, loop);
    loop.cancel();
    loop.run();
    EXPECT_EQ(loop.error(), errc::cancelled);
    EXPECT_EQ(server.held, 0);
    EXPECT_EQ(server.fake->driver.sent,
              (Sent{Purpose::try_acquire, Purpose::wait, Purpose::release}));
}

TEST(AsyncCancel, during_the_try_no_wait_is_begun) {
    AsyncCase server({.name = "try", .answers = {answer(Verdict::busy)}}, {.local_queue = false});
    AsyncLoop loop(server);
    loop.start();
    loop.cancel();
    loop.run();
    EXPECT_EQ(loop.error(), errc::cancelled);
    EXPECT_EQ(server.fake->driver.sent, Sent{Purpose::try_acquire});
}

TEST(AsyncTurn, one_who_waits_in_the_server_is_not_passed_by) {
    const Scenario waits{.name = "waits",
                         .answers = {answer(Verdict::busy), answer(Verdict::granted)}};
    AsyncCase a(waits);
    AsyncCase b(waits);
    AsyncLoop first(a);
    AsyncLoop second(b);
    step_until_waiting(a, first);
    second.start();
    while (b.is_under_way()) {
        second.step();
    }
    LocalQueue::pass_by_the_silent(
        b.fake->driver.server() + '\n' + b.fake->lock.actual_key().to_string(),
        std::chrono::steady_clock::now() + 10 * LocalQueue::patience);
    second.poll();
    EXPECT_FALSE(b.is_under_way() || second.done()) << "it has no turn";
    first.run();
    second.run();
    EXPECT_TRUE(first.held());
    EXPECT_TRUE(second.held());
}

TEST(AsyncTurn, those_who_join_the_queue_do_not_put_off_the_look_at_a_silent_one) {
    const Scenario queueing{.name = "queues",
                            .answers = {answer(Verdict::busy), answer(Verdict::granted)},
                            .suspensions = 0};
    AsyncCase front({.name = "front", .answers = {answer(Verdict::granted)}, .queues = true});
    AsyncCase a(queueing);
    AsyncCase b(queueing);
    AsyncLoop silent(a);
    AsyncLoop next(b);
    silent.start();
    next.start();
    front.leave_queue();
    next.poll();
    const TimePoint looks_at = next.until();
    EXPECT_LE(looks_at, std::chrono::steady_clock::now() + LocalQueue::patience);
    AsyncCase c(queueing);
    AsyncLoop joins(c);
    joins.start();
    next.poll();
    EXPECT_EQ(next.until(), looks_at);
}

}  // namespace
}  // namespace dlock::detail
