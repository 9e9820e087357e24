// The blocking engine with threads: stops from outside, one waiter a name in the server's queue.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_operation.hpp"
#include "engine/local_queue.hpp"
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <semaphore>
#include <thread>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using Outcome = Action::Outcome;
using Sent = std::vector<Purpose>;

// A session whose wait lasts until it was cancelled `patience` times.
class CancelledSession {
  public:
    explicit CancelledSession(int patience, Verdict end) : patience_(patience), end_(end) {
        driver.on_execute = [this](const Statement& statement) { return execute(statement); };
        driver.on_make_canceller = [this] {
            return std::make_unique<FakeCanceller>([this] { cancel(); });
        };
    }

    Action acquire(const std::string& name, const std::stop_token& stop) {
        VerdictDialect dialect;
        const LockOptions options;
        const auto record = Holds::record(driver.handle());
        return run_blocking(driver, dialect, options, {.may_queue = true},
                            {.name = name, .record = *record, .caller = World::real().caller()},
                            stop);
    }

    FakeDriver driver;
    std::binary_semaphore waiting{0};
    std::atomic<bool> under_way = false;
    std::atomic<int> cancels_outside = 0;

  private:
    Reply execute(const Statement& statement) {
        switch (statement.purpose) {
            case Purpose::try_acquire:
                return answer(Verdict::busy);
            case Purpose::release:
                return answer(Verdict::released);
            case Purpose::verify:
                return answer(Verdict::not_held);
            default:
                break;
        }
        std::unique_lock lock(mutex_);
        under_way = true;
        waiting.release();
        cancelled_.wait(lock, [this] { return patience_ <= 0; });
        under_way = false;
        return answer(end_);
    }
    void cancel() {
        const std::lock_guard lock(mutex_);
        cancels_outside += under_way ? 0 : 1;
        --patience_;
        cancelled_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable cancelled_;
    int patience_;
    Verdict end_;
};

TEST(BlockingThreads, a_stop_cancels_the_wait_that_is_under_way) {
    CancelledSession session(1, Verdict::interrupted);
    std::stop_source stop;
    Action end;
    std::thread waiter([&] { end = session.acquire("one cancel", stop.get_token()); });
    session.waiting.acquire();
    stop.request_stop();
    waiter.join();
    EXPECT_EQ(end.outcome, Outcome::cancelled);
    EXPECT_EQ(session.driver.sent, (Sent{Purpose::try_acquire, Purpose::wait, Purpose::verify}));
}

TEST(BlockingThreads, a_cancel_that_has_no_effect_is_repeated_until_the_wait_ends) {
    CancelledSession session(4, Verdict::busy);
    std::stop_source stop;
    Action end;
    std::thread waiter([&] { end = session.acquire("four cancels", stop.get_token()); });
    session.waiting.acquire();
    stop.request_stop();
    waiter.join();
    EXPECT_EQ(end.outcome, Outcome::cancelled);
}

TEST(BlockingThreads, a_grant_that_beats_the_cancel_is_given_back) {
    CancelledSession session(1, Verdict::granted);
    std::stop_source stop;
    Action end;
    std::thread waiter([&] { end = session.acquire("granted", stop.get_token()); });
    session.waiting.acquire();
    stop.request_stop();
    waiter.join();
    EXPECT_EQ(end.outcome, Outcome::cancelled);
    EXPECT_EQ(session.driver.sent, (Sent{Purpose::try_acquire, Purpose::wait, Purpose::release}));
}

TEST(BlockingThreads, stops_at_any_moment_leave_no_cancel_behind) {
    // The stop comes at the beginning, the middle or the end, as the scheduler likes; whatever it
    // is, no cancel is sent after the acquire has ended.
    for (int round = 0; round < 200; ++round) {
        FakeDriver driver;
        std::atomic<bool> ended = false;
        std::atomic<int> late = 0;
        driver.on_execute = [round](const Statement& statement) {
            if (statement.purpose == Purpose::verify || statement.purpose == Purpose::release) {
                return answer(statement.purpose == Purpose::verify ? Verdict::not_held
                                                                   : Verdict::released);
            }
            for (int i = 0; i < round % 7; ++i) {
                std::this_thread::yield();
            }
            return answer(statement.purpose == Purpose::wait && round % 2 == 0 ? Verdict::granted
                                                                               : Verdict::busy);
        };
        driver.on_make_canceller = [&] {
            // Every third one runs on a thread of its own.
            return std::make_unique<FakeCanceller>(
                [&] { late += ended ? 1 : 0; },
                round % 3 == 0 ? std::function<void()>([] {}) : nullptr);
        };
        VerdictDialect dialect;
        const LockOptions options;
        const auto record = Holds::record(driver.handle());
        const std::string name = "any moment";
        std::stop_source stop;
        std::latch start(2);
        std::thread stopper([&] {
            start.arrive_and_wait();
            stop.request_stop();
        });
        start.arrive_and_wait();
        const Action end = run_blocking(
            driver, dialect, options,
            {.deadline = std::chrono::steady_clock::now() + 5s, .may_queue = true},
            {.name = name, .record = *record, .caller = World::real().caller()}, stop.get_token());
        ended = true;
        stopper.join();
        const bool granted = end.outcome == Outcome::acquired;
        EXPECT_TRUE(granted || end.outcome == Outcome::cancelled ||
                    (end.outcome == Outcome::failed && end.error == errc::interrupted));
        if (granted) {
            EXPECT_EQ(driver.sent.back(), Purpose::wait);
        } else if (end.outcome == Outcome::cancelled && driver.sent.size() > 1) {
            EXPECT_NE(driver.sent.back(), Purpose::try_acquire);
        }
        EXPECT_EQ(late, 0);
    }
}

TEST(BlockingThreads, a_stop_wakes_a_thread_in_the_local_queue) {
    class Front final : public QueueWaiter {
      public:
        Front() : QueueWaiter(false) {}
        void on_turn() noexcept override {}
    } front;
    const std::string name = "queue";
    LocalQueue::enter(name, front);
    LocalQueue::answer(front);

    FakeDriver driver;
    std::binary_semaphore tried{0};
    driver.on_execute = [&tried](const Statement&) {
        tried.release();
        return answer(Verdict::busy);
    };
    std::stop_source stop;
    Action end;
    std::thread waiter([&] {
        VerdictDialect dialect;
        const LockOptions options;
        const auto record = Holds::record(driver.handle());
        end = run_blocking(driver, dialect, options, {.may_queue = true},
                           {.name = name, .record = *record, .caller = World::real().caller()},
                           stop.get_token());
    });
    tried.acquire();
    const auto stopped_at = std::chrono::steady_clock::now();
    stop.request_stop();
    waiter.join();
    EXPECT_EQ(end.outcome, Outcome::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - stopped_at, LocalQueue::patience)
        << "it is woken, rather than looking now and then";
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
    LocalQueue::leave(name, front);
}

TEST(BlockingThreads, a_stop_wakes_a_thread_between_two_polls) {
    FakeDriver driver;
    std::binary_semaphore tried{0};
    driver.on_execute = [&tried](const Statement&) {
        tried.release();
        return answer(Verdict::busy);
    };
    std::stop_source stop;
    Action end;
    std::thread waiter([&] {
        VerdictDialect dialect;
        const LockOptions options{.wait = WaitStrategy::polling, .poll_interval = 10h};
        const auto record = Holds::record(driver.handle());
        const std::string name = "poll";
        end = run_blocking(driver, dialect, options, {},
                           {.name = name, .record = *record, .caller = World::real().caller()},
                           stop.get_token());
    });
    tried.acquire();
    stop.request_stop();
    waiter.join();
    EXPECT_EQ(end.outcome, Outcome::cancelled);
}

// ---- One waiter a name in the server's queue. ----

// `threads` sessions want one lock; returns how many stood in the server's queue at a time at most.
int most_waiters_at_once(const std::string& name, int threads, Mode mode) {
    std::atomic<int> waiting = 0;
    std::atomic<int> most = 0;
    std::latch tried(threads);
    std::vector<std::jthread> all;
    for (int thread = 0; thread < threads; ++thread) {
        all.emplace_back([&] {
            FakeDriver driver;
            driver.on_execute = [&](const Statement& statement) {
                if (statement.purpose == Purpose::try_acquire) {
                    tried.count_down();
                    return answer(Verdict::busy);
                }
                const int now = ++waiting;
                for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                }
                tried.wait();  // the others are on their way to the queue now
                for (int i = 0; i < 200; ++i) {
                    std::this_thread::yield();
                }
                --waiting;
                return answer(Verdict::granted);
            };
            VerdictDialect dialect;
            const LockOptions options;
            const auto record = Holds::record(driver.handle());
            const Action end = run_blocking(
                driver, dialect, options, {.mode = mode, .may_queue = true},
                {.name = name, .record = *record, .caller = World::real().caller()}, {});
            EXPECT_EQ(end.outcome, Outcome::acquired);
        });
    }
    all.clear();
    return most;
}

TEST(BlockingThreads, one_exclusive_waiter_at_a_time_stands_in_the_servers_queue) {
    EXPECT_EQ(most_waiters_at_once("exclusive", 8, Mode::exclusive), 1);
}

TEST(BlockingThreads, every_waiter_has_its_turn_with_shared_ones_too) {
    EXPECT_GE(most_waiters_at_once("shared", 8, Mode::shared), 1);
}

}  // namespace
}  // namespace dlock::detail
