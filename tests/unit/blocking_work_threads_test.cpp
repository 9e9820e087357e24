// Work on other threads: run, dropped, taken back, waited for; and the pool that runs it.
// SPDX-License-Identifier: BSL-1.0
#include "threads/blocking_pool.hpp"
#include "threads/blocking_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <latch>
#include <semaphore>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace dlock::detail {
namespace {

using State = BlockingWork::State;
using namespace std::chrono_literals;

class CountingWaker final : public Waker {
  public:
    void wake() noexcept override { ++wakes; }
    std::atomic<int> wakes{0};
};

class BlockingWorkTest : public testing::Test {
  protected:
    std::shared_ptr<BlockingWork> start(const BlockingExecutor& executor) {
        return BlockingWork::start(
            executor, [this] { ++runs; }, target);
    }

    CountingWaker waker;
    std::shared_ptr<WakeTarget> target = std::make_shared<WakeTarget>(waker);
    std::atomic<int> runs{0};
};

TEST_F(BlockingWorkTest, an_executor_may_run_it_at_once) {
    const auto work = start([](const std::function<void()>& job) { job(); });
    EXPECT_EQ(work->state(), State::ended);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(waker.wakes, 1);
}

TEST_F(BlockingWorkTest, it_runs_once_however_often_the_executor_calls_it) {
    const auto work = start([](const std::function<void()>& job) {
        job();
        const std::function<void()> copy = job;
        copy();
    });
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(waker.wakes, 1);
}

TEST_F(BlockingWorkTest, an_executor_that_drops_it_is_noticed) {
    const auto work = start([](const std::function<void()>&) {});
    EXPECT_EQ(work->state(), State::dropped);
    EXPECT_TRUE(work->is_over());
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(waker.wakes, 1);
}

TEST_F(BlockingWorkTest, an_executor_that_drops_it_later_is_noticed) {
    std::function<void()> kept;
    const auto work = start([&kept](std::function<void()> job) { kept = std::move(job); });
    EXPECT_EQ(work->state(), State::queued);
    EXPECT_EQ(waker.wakes, 0);
    kept = nullptr;
    EXPECT_EQ(work->state(), State::dropped);
    EXPECT_EQ(waker.wakes, 1);
}

TEST_F(BlockingWorkTest, an_executor_that_throws_drops_it) {
    const auto work =
        start([](const std::function<void()>&) { throw std::runtime_error("stopped"); });
    EXPECT_EQ(work->state(), State::dropped);
    EXPECT_EQ(runs, 0);
}

TEST_F(BlockingWorkTest, an_executor_that_runs_it_and_throws_has_run_it) {
    const auto work = start([](const std::function<void()>& job) {
        job();
        throw std::runtime_error("afterwards");
    });
    EXPECT_EQ(work->state(), State::ended);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(waker.wakes, 1);
}

TEST_F(BlockingWorkTest, what_was_taken_back_never_runs) {
    std::function<void()> kept;
    const auto work = start([&kept](std::function<void()> job) { kept = std::move(job); });
    EXPECT_TRUE(work->finish());
    kept();
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(work->state(), State::dropped);
}

TEST_F(BlockingWorkTest, what_is_running_is_waited_for) {
    std::binary_semaphore begun{0};
    std::binary_semaphore go_on{0};
    std::thread thread;
    const auto work = BlockingWork::start(
        [&thread](std::function<void()> job) { thread = std::thread(std::move(job)); },
        [&] {
            begun.release();
            go_on.acquire();
            ++runs;
        },
        target);
    begun.acquire();
    EXPECT_EQ(work->state(), State::running);
    EXPECT_FALSE(work->finish(1ms));
    go_on.release();
    EXPECT_TRUE(work->finish());
    EXPECT_EQ(runs, 1);
    thread.join();
    EXPECT_EQ(waker.wakes, 1);
}

TEST_F(BlockingWorkTest, nobody_is_woken_who_is_gone) {
    std::function<void()> kept;
    const auto work = start([&kept](std::function<void()> job) { kept = std::move(job); });
    target->forget();
    kept();
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(waker.wakes, 0);
}

TEST(BlockingPoolTest, jobs_that_block_do_not_stand_in_each_others_way) {
    constexpr int count = 20;
    auto& pool = BlockingPool::for_waits();
    std::latch all(count);
    std::latch done(count);
    for (int i = 0; i < count; ++i) {
        pool.run([&] {
            all.arrive_and_wait();  // all of them run at the same time
            done.count_down();
        });
    }
    done.wait();
}

TEST(BlockingPoolTest, answers_come_while_every_thread_for_waits_is_taken) {
    std::counting_semaphore<> held{0};
    std::latch blocked(static_cast<std::ptrdiff_t>(BlockingPool::most_threads));
    std::latch ended(static_cast<std::ptrdiff_t>(BlockingPool::most_threads));
    for (std::size_t i = 0; i < BlockingPool::most_threads; ++i) {
        BlockingPool::for_waits().run([&] {
            blocked.count_down();
            held.acquire();
            ended.count_down();
        });
    }
    blocked.wait();
    std::atomic<bool> late{false};
    std::latch last(1);
    BlockingPool::for_waits().run([&] {
        late = true;
        last.count_down();
    });
    std::latch answered(1);
    BlockingPool::for_answers().run([&] { answered.count_down(); });
    answered.wait();
    EXPECT_FALSE(late) << "it stands behind those that wait";
    held.release(static_cast<std::ptrdiff_t>(BlockingPool::most_threads));
    last.wait();
    ended.wait();
}

TEST(BlockingPoolTest, a_question_is_asked_while_many_others_hang) {
    // One that waited for a thread would count as unanswered.
    constexpr auto hanging = static_cast<std::ptrdiff_t>(BlockingPool::most_threads);
    std::counting_semaphore<> held{0};
    std::latch ended(hanging);
    for (std::ptrdiff_t i = 0; i < hanging; ++i) {
        BlockingPool::for_probes().run([&] {
            held.acquire();
            ended.count_down();
        });
    }
    std::binary_semaphore asked{0};
    BlockingPool::for_probes().run([&] { asked.release(); });
    const bool in_time = asked.try_acquire_for(10s);
    EXPECT_TRUE(in_time);
    held.release(hanging);
    ended.wait();
    if (!in_time) {
        asked.acquire();
    }
}

TEST(BlockingPoolTest, nothing_is_left_behind_a_job_that_may_hang) {
    static BlockingPool& pool = *new BlockingPool(1);
    std::binary_semaphore held{0};
    std::latch ended(1);
    pool.run([&] {
        held.acquire();
        ended.count_down();
    });
    EXPECT_THROW(pool.run([] { ADD_FAILURE() << "nobody waits for it"; }), std::system_error);
    held.release();
    ended.wait();
}

TEST(BlockingPoolTest, the_programs_signals_are_not_for_its_threads) {
    sigset_t blocked;
    std::binary_semaphore done{0};
    BlockingPool::for_stops().run([&] {
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        done.release();
    });
    done.acquire();
    EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
    EXPECT_EQ(sigismember(&blocked, SIGUSR1), 1);
    EXPECT_EQ(sigismember(&blocked, SIGSEGV), 0) << "a crash must be seen";
    sigset_t own;
    pthread_sigmask(SIG_SETMASK, nullptr, &own);
    EXPECT_EQ(sigismember(&own, SIGTERM), 0);
}

TEST(BlockingPoolTest, jobs_are_run_once_each_by_many_callers) {
    std::atomic<int> runs{0};
    constexpr int callers = 8;
    constexpr int jobs = 500;
    std::latch done(callers * jobs);
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i) {
        threads.emplace_back([&] {
            for (int j = 0; j < jobs; ++j) {
                BlockingPool::for_answers().run([&] {
                    ++runs;
                    done.count_down();
                });
            }
        });
    }
    done.wait();
    EXPECT_EQ(runs, callers * jobs);
}

}  // namespace
}  // namespace dlock::detail
