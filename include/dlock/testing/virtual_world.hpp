// Threads and time that a test decides about: seeded, so that each run can be repeated.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/world.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace dlock::testing {

/// A world in which any number of tasks run one at a time, on the caller's thread, each until it
/// sleeps; time passes only while all sleep. Which of the tasks that could go on does so is drawn
/// from a seed: the same seed gives the same run.
///
///     VirtualWorld world(seed);
///     SimulatedServer server(Product::postgresql, {.world = &world});
///     world.spawn([&] { ... });
///     world.spawn([&] { ... });
///     world.run();
///
/// Tasks wait by the world's sleepers only (locks on a simulated server do); a mutex must not be
/// held over a sleep. Linux and other systems with ucontext.
///
/// Thread safety: one thread.
class VirtualWorld final : public World {
  public:
    explicit VirtualWorld(std::uint64_t seed);
    ~VirtualWorld() override;

    /// Adds a task. Its exceptions leave run().
    void spawn(std::function<void()> task);

    /// Runs all tasks to their ends. Returns false if some sleep for ever, or if time has come to
    /// `until`; they are then abandoned where they stand, and what they own is never freed.
    bool run(
        std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max());

    /// A number from 0 to `limit` - 1, drawn from the seed.
    [[nodiscard]] std::uint64_t random(std::uint64_t limit) noexcept;

    /// Lets other tasks run.
    void yield();
    void sleep_for(std::chrono::nanoseconds time);

    /// Called whenever a task stops running.
    void on_step(std::function<void()> observer);

    [[nodiscard]] std::chrono::steady_clock::time_point now() const noexcept override;
    [[nodiscard]] std::size_t caller() const noexcept override;
    [[nodiscard]] std::unique_ptr<Sleeper> make_sleeper() override;

  private:
    class Scheduler;
    std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace dlock::testing
