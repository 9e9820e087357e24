// Asynchronous operations in the local queue: first come, first served.
// SPDX-License-Identifier: BSL-1.0
#include "async_loop.hpp"

#include <array>

namespace dlock::detail {
namespace {

class AsyncQueue : public testing::Test {
  protected:
    // Three that queue behind somebody, in their order.
    void SetUp() override {
        for (AsyncLoop* loop : loops) {
            loop->start();
            ASSERT_FALSE(loop->done());
        }
    }

    static inline const Scenario queueing{
        .name = "queues",
        .answers = {answer(Verdict::busy), answer(Verdict::granted)},
        .suspensions = 0};

    AsyncCase front{{.name = "front", .answers = {answer(Verdict::granted)}, .queues = true}};
    AsyncCase a{queueing};
    AsyncCase b{queueing};
    AsyncCase c{queueing};
    AsyncLoop first{a};
    AsyncLoop second{b};
    AsyncLoop third{c};
    std::array<AsyncLoop*, 3> loops{&first, &second, &third};
};

TEST_F(AsyncQueue, first_come_first_served) {
    for (AsyncLoop* loop : loops) {
        loop->poll();
        EXPECT_FALSE(loop->done()) << "somebody stands in front";
    }
    front.leave_queue();
    for (AsyncLoop* next : loops) {
        for (AsyncLoop* late : {&third, &second, &first}) {
            if (late != next && !late->done()) {
                late->poll();
                EXPECT_FALSE(late->done()) << "it is not its turn";
            }
        }
        next->poll();
        EXPECT_TRUE(next->held());
    }
}

TEST_F(AsyncQueue, whoever_is_cancelled_abandoned_or_without_a_lock_passes_its_turn_on) {
    front.leave_queue();
    first.cancel();  // has been offered its turn
    EXPECT_EQ(first.error(), errc::cancelled);
    b.fake.reset();
    third.poll();
    EXPECT_TRUE(third.held());
}

TEST_F(AsyncQueue, an_abandoned_waiter_is_not_waited_for) {
    first.abandon();
    second.abandon();
    front.leave_queue();
    third.poll();
    EXPECT_TRUE(third.held());
    EXPECT_FALSE(a.closed || b.closed);
}

}  // namespace
}  // namespace dlock::detail
