// No memory, at each allocation of an operation: the server must hold no more than the lock says,
// or the session is closed.
// SPDX-License-Identifier: BSL-1.0
#include "allocations.hpp"
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <optional>
#include <stop_token>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using dlock_test::Allocations;

// A server with one lock, at the end of one session.
class NoMemory : public testing::Test {
  protected:
    struct World {
        explicit World(LockOptions options) : fake(std::make_unique<FakeLock>(std::move(options))) {
            FakeDriver& driver = fake->driver;
            driver.sent.reserve(100);  // the test's own, which cannot do without
            driver.limits.reserve(100);
            driver.tells_end = true;
            driver.on_abandon = [this, &driver] { held = driver.is_attached = false; };
            driver.on_execute = [this](const Statement& statement) {
                switch (statement.purpose) {
                    case Purpose::release:
                        held = false;
                        return answer(Verdict::released);
                    case Purpose::verify:
                        return answer(held ? Verdict::held : Verdict::not_held);
                    case Purpose::fence:
                        return fencing_token(7);
                    default:
                        if (busy > 0) {
                            --busy;
                            return answer(Verdict::busy);
                        }
                        held = true;
                        return answer(Verdict::granted);
                }
            };
        }

        bool held = false;
        int busy = 0;
        std::unique_ptr<FakeLock> fake;
    };
    using Step = std::function<void(World&)>;

    // Runs `step` with the first allocation that fails at each place in turn, until none is left
    // that does. Afterwards the truth is looked for; the lock's end must leave nothing.
    static void at_each_allocation(const LockOptions& options, const Step& before,
                                   const Step& step) {
        bool failed = true;
        int places = 0;
        for (; failed; ++places) {
            ASSERT_LT(places, 1000);
            World world(options);
            before(world);
            failed = run_without(places, world, step);
            const bool locked = world.fake->lock.locked();
            EXPECT_EQ(world.held, locked) << "after allocation " << places;
            world.fake.reset();
            EXPECT_FALSE(world.held) << "after the lock's end, allocation " << places;
        }
        RecordProperty("allocations", places - 1);
    }

  private:
    // True if an allocation failed.
    static bool run_without(int place, World& world, const Step& step) {
        const Allocations none_from(place);
        try {
            step(world);
        } catch (const std::bad_alloc&) {
        } catch (const LockError&) {
        }
        return Allocations::count() > place;
    }
};

TEST_F(NoMemory, in_a_try) {
    at_each_allocation(
        {}, [](World&) {}, [](World& world) { (void)world.fake->lock.try_lock(); });
}

TEST_F(NoMemory, in_a_wait) {
    at_each_allocation(
        {}, [](World& world) { world.busy = 2; },
        [](World& world) { (void)world.fake->lock.acquire(1h); });
}

TEST_F(NoMemory, in_a_wait_that_times_out) {
    at_each_allocation(
        {}, [](World& world) { world.busy = 1000000; },
        [](World& world) {
            world.fake->driver.sent.clear();
            (void)world.fake->lock.acquire(no_wait);
        });
}

TEST_F(NoMemory, in_a_wait_that_polls) {
    at_each_allocation(
        {.wait = WaitStrategy::polling, .poll_interval = 1us}, [](World& world) { world.busy = 3; },
        [](World& world) { (void)world.fake->lock.acquire(1h); });
}

TEST_F(NoMemory, in_a_wait_that_can_be_stopped) {
    std::stop_source stop;
    at_each_allocation(
        {},
        [](World& world) {
            world.busy = 2;
            world.fake->driver.on_make_canceller = [] {
                return std::make_unique<FakeCanceller>([] {});
            };
        },
        [&](World& world) { (void)world.fake->lock.acquire(1h, stop.get_token()); });
}

TEST_F(NoMemory, in_an_acquire_with_a_fencing_token) {
    at_each_allocation(
        {.fencing = true}, [](World& world) { world.busy = 1; },
        [](World& world) { (void)world.fake->lock.acquire(1h); });
}

TEST_F(NoMemory, in_an_acquire_that_is_watched) {
    at_each_allocation(
        {}, [](World& world) { world.fake->lock.on_lost([](const LockError&) {}); },
        [](World& world) { (void)world.fake->lock.try_lock(); });
}

TEST_F(NoMemory, when_a_held_lock_is_to_be_watched) {
    at_each_allocation(
        {}, [](World& world) { world.fake->lock.lock(); },
        [](World& world) { world.fake->lock.on_lost([](const LockError&) {}); });
}

TEST_F(NoMemory, in_an_acquire_of_what_is_held) {
    at_each_allocation(
        {.reentrancy = Reentrancy::counted}, [](World& world) { world.fake->lock.lock(); },
        [](World& world) { world.fake->lock.lock(); });
}

TEST_F(NoMemory, in_a_verify) {
    at_each_allocation(
        {}, [](World& world) { world.fake->lock.lock(); },
        [](World& world) { (void)world.fake->lock.verify(); });
}

TEST_F(NoMemory, in_a_release) {
    at_each_allocation(
        {}, [](World& world) { world.fake->lock.lock(); },
        [](World& world) { world.fake->lock.release(); });
}

TEST_F(NoMemory, in_an_unlock_nothing_is_needed) {
    World world({});
    world.fake->lock.lock();
    EXPECT_EQ(dlock_test::allocations_of([&] { world.fake->lock.unlock(); }), 0);
    EXPECT_FALSE(world.held);
}

TEST_F(NoMemory, in_the_destructor) {
    for (int place = 0; place < 20; ++place) {
        World world({});
        world.fake->lock.lock();
        {
            const Allocations none_from(place);
            world.fake.reset();
        }
        EXPECT_FALSE(world.held) << place;
    }
}

}  // namespace
}  // namespace dlock::detail
