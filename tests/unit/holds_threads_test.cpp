// The registry of holds with many threads, each with sessions of its own.
// SPDX-License-Identifier: BSL-1.0
#include "engine/holds.hpp"

#include <dlock/world.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace dlock::detail {
namespace {

std::shared_ptr<Hold> make_hold(const std::string& name) {
    return std::make_shared<Hold>(Hold{.name = name, .caller = World::real().caller()});
}

TEST(HoldsThreads, the_holds_of_other_threads_do_not_count_as_ones_own) {
    char backends[2] = {};
    const auto mine = Holds::record(&backends[0]);
    const auto theirs = Holds::record(&backends[1]);
    Holds::prepare(*theirs, 1);
    std::thread([&] { Holds::add(*theirs, make_hold("key")); }).join();
    EXPECT_FALSE(Holds::held_by_caller(*mine, "key", Mode::exclusive, World::real().caller()));
    std::thread([&] {
        // A thread may have the id of an earlier one, so it takes the key itself.
        Holds::prepare(*theirs, 1);
        Holds::add(*theirs, make_hold("second"));
        EXPECT_TRUE(
            Holds::held_by_caller(*mine, "second", Mode::exclusive, World::real().caller()));
    }).join();
}

TEST(HoldsThreads, sessions_of_many_threads_come_and_go_without_disturbing_each_other) {
    constexpr int threads = 8;
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread) {
            all.emplace_back([&wrong] {
                for (int round = 0; round < 300; ++round) {
                    char backends[2] = {};
                    const auto one = Holds::record(&backends[0]);
                    const auto two = Holds::record(&backends[1]);
                    wrong += Holds::holds_nothing(*one) ? 0 : 1;
                    Holds::prepare(*one, 1);
                    const auto hold = make_hold("key");
                    Holds::add(*one, hold);
                    Holds::join(*hold);
                    wrong += Holds::find(*one, "key") == hold ? 0 : 1;
                    wrong +=
                        Holds::held_by_caller(*two, "key", Mode::shared, World::real().caller())
                            ? 0
                            : 1;
                    wrong += Holds::leave(*one, hold) ? 1 : 0;
                    wrong += Holds::leave(*one, hold) ? 0 : 1;
                    wrong +=
                        Holds::held_by_caller(*two, "key", Mode::shared, World::real().caller())
                            ? 1
                            : 0;
                }
            });
        }
    }
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace dlock::detail
