// SPDX-License-Identifier: BSL-1.0
#include <dlock/world.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace dlock {
namespace {

using Clock = std::chrono::steady_clock;

class ConditionSleeper final : public Sleeper {
  public:
    void wake() noexcept override {
        const std::lock_guard lock(mutex_);
        awake_ = true;
        condition_.notify_one();
    }

    bool sleep_until(Clock::time_point until, const std::stop_token& stop) override {
        std::unique_lock lock(mutex_);
        if (until == Clock::time_point::max()) {
            condition_.wait(lock, stop, [this] { return awake_; });
        } else {
            condition_.wait_until(lock, stop, until, [this] { return awake_; });
        }
        return awake_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable_any condition_;
    bool awake_ = false;
};

class RealWorld final : public World {
  public:
    Clock::time_point now() const noexcept override { return Clock::now(); }
    std::size_t caller() const noexcept override {
        // Not the thread's id: that is used again when the thread has ended, and what it took may
        // be held still.
        static std::atomic<std::size_t> last{0};
        thread_local const std::size_t mine = ++last;
        return mine;
    }
    std::unique_ptr<Sleeper> make_sleeper() override {
        return std::make_unique<ConditionSleeper>();
    }
};

}  // namespace

Sleeper::~Sleeper() = default;
World::~World() = default;

World& World::real() noexcept {
    // Never destroyed: locks with static lifetime may still release after main().
    // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): nothing works without it
    static RealWorld& world = *new RealWorld;
    return world;
}

}  // namespace dlock
