// The clock and the sleep of the real world.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/world.hpp>

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace dlock {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(RealWorld, its_clock_is_the_steady_one) {
    const auto before = Clock::now();
    const auto now = World::real().now();
    const auto after = Clock::now();
    EXPECT_LE(before, now);
    EXPECT_LE(now, after);
}

TEST(RealWorld, a_thread_never_gets_the_number_of_one_that_has_ended) {
    std::set<std::size_t> numbers{0, World::real().caller()};
    EXPECT_EQ(World::real().caller(), World::real().caller());
    for (int i = 0; i < 100; ++i) {
        std::thread([&] { EXPECT_TRUE(numbers.insert(World::real().caller()).second); }).join();
    }
}

TEST(RealWorld, a_sleep_lasts_until_its_end_and_a_wake_ends_it_and_all_later_ones) {
    const auto sleeper = World::real().make_sleeper();
    const auto until = Clock::now() + 5ms;
    EXPECT_FALSE(sleeper->sleep_until(until, {}));
    EXPECT_GE(Clock::now(), until);
    sleeper->wake();
    EXPECT_TRUE(sleeper->sleep_until(Clock::time_point::max(), {}));
    EXPECT_TRUE(sleeper->sleep_until(Clock::time_point::max(), {}));
}

}  // namespace
}  // namespace dlock
