// The local queue with many threads: each has its turn once, exclusive ones alone.
// SPDX-License-Identifier: BSL-1.0
#include "engine/local_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace dlock::detail {
namespace {

class ThreadWaiter final : public QueueWaiter {
  public:
    explicit ThreadWaiter(bool shared) : QueueWaiter(shared) {}
    void on_turn() noexcept override {
        ++turns;
        came_.release();
    }
    void wait() { came_.acquire(); }

    std::atomic<int> turns{0};

  private:
    std::counting_semaphore<> came_{0};
};

TEST(LocalQueueThreads, each_has_its_turn_exactly_once_and_exclusive_ones_alone) {
    constexpr int threads = 16;
    constexpr int rounds = 200;
    const std::string name = "threads";
    std::atomic<int> exclusive{0};
    std::atomic<int> shared{0};
    std::atomic<int> overlaps{0};
    std::atomic<int> repeats{0};
    std::atomic<int> served{0};
    std::latch start(threads);
    {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread) {
            all.emplace_back([&, thread] {
                start.arrive_and_wait();
                for (int round = 0; round < rounds; ++round) {
                    const bool is_shared = (thread + round) % 3 == 0;
                    ThreadWaiter waiter(is_shared);
                    LocalQueue::enter(name, waiter);
                    waiter.wait();
                    LocalQueue::answer(waiter);
                    auto& active = is_shared ? shared : exclusive;
                    const int with_me = ++active;
                    overlaps += !is_shared && (with_me > 1 || shared > 0) ? 1 : 0;
                    overlaps += is_shared && exclusive > 0 ? 1 : 0;
                    std::this_thread::yield();
                    --active;
                    ++served;
                    repeats += waiter.turns != 1 ? 1 : 0;
                    LocalQueue::leave(name, waiter);
                }
            });
        }
    }
    EXPECT_EQ(overlaps, 0);
    EXPECT_EQ(repeats, 0);
    EXPECT_EQ(served, threads * rounds);
}

TEST(LocalQueueThreads, those_that_give_up_lose_no_turn_of_the_others) {
    constexpr int threads = 12;
    constexpr int rounds = 200;
    const std::string name = "giving up";
    std::atomic<int> served{0};
    {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread) {
            all.emplace_back([&, thread] {
                for (int round = 0; round < rounds; ++round) {
                    ThreadWaiter waiter(false);
                    LocalQueue::enter(name, waiter);
                    if ((thread + round) % 2 == 0) {
                        waiter.wait();
                        LocalQueue::answer(waiter);
                        ++served;
                    }
                    LocalQueue::leave(name, waiter);
                }
            });
        }
    }
    EXPECT_EQ(served, threads * rounds / 2);
}

TEST(LocalQueueThreads, names_do_not_disturb_one_another) {
    constexpr int threads = 8;
    std::atomic<int> served{0};
    {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < threads; ++thread) {
            all.emplace_back([&served, thread] {
                const std::string name = "own " + std::to_string(thread);
                for (int round = 0; round < 200; ++round) {
                    ThreadWaiter waiter(false);
                    LocalQueue::enter(name, waiter);
                    served += waiter.turns;  // at once: nobody else is there
                    LocalQueue::leave(name, waiter);
                }
            });
        }
    }
    EXPECT_EQ(served, threads * 200);
}

}  // namespace
}  // namespace dlock::detail
