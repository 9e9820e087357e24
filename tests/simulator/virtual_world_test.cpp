// Tasks and time of VirtualWorld.
// SPDX-License-Identifier: BSL-1.0
#include "simulator/support.hpp"

#include <set>
#include <stdexcept>
#include <stop_token>
#include <vector>

namespace dlock_test {
namespace {

/// What five clients of one lock do, as text.
std::string schedule(std::uint64_t seed) {
    VirtualWorld world(seed);
    SimulatedServer server(Product::mysql, {.world = &world, .latency = [&world] {
                                                return std::chrono::milliseconds(world.random(3));
                                            }});
    std::string transcript;
    for (int i = 0; i < 5; ++i) {
        world.spawn([&, i] {
            const auto session = open(server);
            const auto lock = dlock::create_lock(*session, "key");
            world.sleep_for(std::chrono::milliseconds(world.random(10)));
            const bool got = lock->acquire(std::chrono::milliseconds(world.random(40)));
            transcript += std::to_string(i) + (got ? "+" : "-") +
                          std::to_string(world.now().time_since_epoch().count()) + "\n";
            if (got) {
                world.sleep_for(std::chrono::milliseconds(world.random(20)));
                lock->release();
            }
        });
    }
    EXPECT_TRUE(world.run());
    return transcript;
}

TEST(VirtualWorldRuns, OneSeedGivesOneRun) {
    std::set<std::string> different;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const std::string transcript = schedule(seed);
        EXPECT_EQ(transcript, schedule(seed)) << seed;
        different.insert(transcript);
    }
    EXPECT_GE(different.size(), 15U);
}

TEST(VirtualWorldRuns, TheOrderIsDrawnFromTheSeed) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        VirtualWorld world(seed);
        std::string order;
        for (const char name : {'a', 'b', 'c'}) {
            world.spawn([&order, name] { order += name; });
        }
        EXPECT_TRUE(world.run());
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6U) << "all permutations of three";
}

TEST(VirtualWorldRuns, TimePassesInTheOrderOfDeadlines) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        VirtualWorld world(seed);
        const auto start = world.now();
        std::vector<long long> order;
        for (const int wait : {30, 10, 20, 10}) {
            world.spawn([&, wait] {
                world.sleep_for(std::chrono::milliseconds(wait));
                order.push_back((world.now() - start) / 1ms);
            });
        }
        EXPECT_TRUE(world.run());
        EXPECT_EQ(order, (std::vector<long long>{10, 10, 20, 30}));
    }
}

TEST(VirtualWorldRuns, NoTimePassesWhileATaskCanRun) {
    VirtualWorld world(3);
    const auto start = world.now();
    world.spawn([&] {
        for (int i = 0; i < 100; ++i) {
            world.yield();
        }
        EXPECT_EQ(world.now(), start);
    });
    world.spawn([&] { world.sleep_for(1ns); });
    EXPECT_TRUE(world.run());
    EXPECT_EQ(world.now(), start + 1ns);
}

TEST(VirtualWorldRuns, AStopEndsASleep) {
    VirtualWorld world(1);
    const auto start = world.now();
    std::stop_source stop;
    world.spawn([&] {
        const auto sleeper = world.make_sleeper();
        EXPECT_FALSE(sleeper->sleep_until(start + 1h, stop.get_token())) << "not woken";
        EXPECT_EQ(world.now(), start + 5ms);
    });
    world.spawn([&] {
        world.sleep_for(5ms);
        stop.request_stop();
    });
    EXPECT_TRUE(world.run());
    EXPECT_EQ(world.now(), start + 5ms);
}

TEST(VirtualWorldRuns, ASleeperIsWoken) {
    VirtualWorld world(1);
    const auto sleeper = world.make_sleeper();
    world.spawn([&] {
        EXPECT_TRUE(sleeper->sleep_until(world.now() + 1h, {}));
        EXPECT_TRUE(sleeper->sleep_until(world.now() + 1h, {})) << "at once from then on";
    });
    world.spawn([&] {
        world.sleep_for(5ms);
        sleeper->wake();
    });
    EXPECT_TRUE(world.run());
}

TEST(VirtualWorldRuns, ExceptionsLeaveRun) {
    VirtualWorld world(1);
    world.spawn([] { throw std::runtime_error("a task's own"); });
    EXPECT_THROW((void)world.run(), std::runtime_error);
}

TEST(VirtualWorldRuns, ATaskThatNeverEndsIsTold) {
    VirtualWorld world(1);
    bool ended = false;
    const auto sleeper = world.make_sleeper();  // what the task itself owned would never be freed
    world.spawn([&] {
        (void)sleeper->sleep_until(std::chrono::steady_clock::time_point::max(), {});
        ended = true;
    });
    EXPECT_FALSE(world.run());
    EXPECT_FALSE(ended);
}

TEST(VirtualWorldRuns, TimeCanBeLimited) {
    VirtualWorld world(1);
    world.spawn([&] { world.sleep_for(10ms); });
    EXPECT_FALSE(world.run(world.now() + 9ms));
    EXPECT_TRUE(world.run(world.now() + 10ms)) << "it can go on";
}

TEST(VirtualWorldRuns, CallersAreToldApartAndStepsObserved) {
    VirtualWorld world(1);
    EXPECT_EQ(world.caller(), 0U);
    std::set<std::size_t> callers;
    int steps = 0;
    world.on_step([&] { ++steps; });
    for (int i = 0; i < 3; ++i) {
        world.spawn([&] {
            callers.insert(world.caller());
            world.yield();
        });
    }
    EXPECT_TRUE(world.run());
    EXPECT_EQ(callers.size(), 3U);
    EXPECT_EQ(steps, 6);
}

}  // namespace
}  // namespace dlock_test
