// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/fiber.hpp"

#include <dlock/testing/virtual_world.hpp>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace dlock::testing {

using TimePoint = std::chrono::steady_clock::time_point;

class VirtualWorld::Scheduler {
  public:
    explicit Scheduler(std::uint64_t seed) : random_(seed * 2654435761U + 88172645463325252U) {}

    struct Task {
        explicit Task(std::function<void()> function) : fiber(std::move(function)) {}
        Fiber fiber;
        std::size_t number = 0;
        bool ready = true;
        TimePoint until = TimePoint::max();
    };

    void spawn(std::function<void()> function) {
        tasks_.push_back(std::make_unique<Task>(std::move(function)));
        tasks_.back()->number = ++spawned_;
    }

    bool run(TimePoint end) {
        while (true) {
            std::erase_if(tasks_, [](const auto& task) { return task->fiber.ended(); });
            if (tasks_.empty()) {
                return true;
            }
            candidates_.clear();
            TimePoint next = TimePoint::max();
            for (const auto& task : tasks_) {
                if (task->ready || task->until <= now_) {
                    candidates_.push_back(task.get());
                }
                next = std::min(next, task->until);
            }
            if (candidates_.empty()) {
                if (next == TimePoint::max() || next > end) {
                    return false;
                }
                now_ = next;
                continue;
            }
            step(*candidates_[random(candidates_.size())]);
        }
    }

    // Sleeps on the task's own fiber.
    void sleep_until(TimePoint until, const bool& woken) {
        Task& task = *current_;
        task.ready = woken;
        task.until = until;
        task.fiber.pause();
    }

    std::uint64_t random(std::uint64_t limit) noexcept {
        random_ ^= random_ << 13U;
        random_ ^= random_ >> 7U;
        random_ ^= random_ << 17U;
        return limit == 0 ? 0 : (random_ >> 11U) % limit;
    }

    [[nodiscard]] TimePoint now() const noexcept { return now_; }
    [[nodiscard]] Task* current() const noexcept { return current_; }
    std::function<void()> observer;

  private:
    void step(Task& task) {
        current_ = &task;
        task.ready = false;
        task.until = TimePoint::max();
        task.fiber.resume();
        current_ = nullptr;
        if (observer) {
            observer();
        }
        if (task.fiber.thrown() != nullptr) {
            std::rethrow_exception(task.fiber.thrown());
        }
    }

    std::vector<std::unique_ptr<Task>> tasks_;
    std::vector<Task*> candidates_;
    Task* current_ = nullptr;
    // Not zero, so that times before it can be told.
    TimePoint now_{std::chrono::hours(1)};
    std::uint64_t random_;
    std::size_t spawned_ = 0;
};

namespace {

// wake() may come from another task, or from none.
template <class Scheduler>
class TaskSleeper final : public Sleeper {
  public:
    explicit TaskSleeper(Scheduler& scheduler) : scheduler_(scheduler) {}

    void wake() noexcept override {
        woken_ = true;
        if (sleeping_ != nullptr) {
            sleeping_->ready = true;
        }
    }

    bool sleep_until(TimePoint until, const std::stop_token& stop) override {
        if (woken_ || stop.stop_requested()) {
            return woken_;
        }
        sleeping_ = scheduler_.current();
        const auto stopped = [this] { sleeping_->ready = true; };
        const std::stop_callback<decltype(stopped)> callback(stop, stopped);
        scheduler_.sleep_until(until, woken_);
        sleeping_ = nullptr;
        return woken_;
    }

  private:
    Scheduler& scheduler_;
    typename Scheduler::Task* sleeping_ = nullptr;
    bool woken_ = false;
};

}  // namespace

VirtualWorld::VirtualWorld(std::uint64_t seed) : scheduler_(std::make_unique<Scheduler>(seed)) {}
VirtualWorld::~VirtualWorld() = default;

void VirtualWorld::spawn(std::function<void()> task) {
    scheduler_->spawn(std::move(task));
}

bool VirtualWorld::run(TimePoint until) {
    return scheduler_->run(until);
}

std::uint64_t VirtualWorld::random(std::uint64_t limit) noexcept {
    return scheduler_->random(limit);
}

void VirtualWorld::yield() {
    scheduler_->sleep_until(now(), false);
}

void VirtualWorld::sleep_for(std::chrono::nanoseconds time) {
    scheduler_->sleep_until(now() + time, false);
}

void VirtualWorld::on_step(std::function<void()> observer) {
    scheduler_->observer = std::move(observer);
}

TimePoint VirtualWorld::now() const noexcept {
    return scheduler_->now();
}

std::size_t VirtualWorld::caller() const noexcept {
    return scheduler_->current() != nullptr ? scheduler_->current()->number : 0;
}

std::unique_ptr<Sleeper> VirtualWorld::make_sleeper() {
    return std::make_unique<TaskSleeper<Scheduler>>(*scheduler_);
}

}  // namespace dlock::testing
