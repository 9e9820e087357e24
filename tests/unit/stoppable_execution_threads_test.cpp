// Stops of the blocking engine on a server that is silent: the connection is ended.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_operation.hpp"
#include "fake_driver.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using Outcome = Action::Outcome;
using Sent = std::vector<Purpose>;

// The real world, whose clock a test can put forward.
class ForwardWorld final : public World {
  public:
    TimePoint now() const noexcept override { return real().now() + ahead_.load(); }
    std::size_t caller() const noexcept override { return real().caller(); }
    std::unique_ptr<Sleeper> make_sleeper() override {
        return std::make_unique<ForwardSleeper>(*this);
    }
    void put_forward(Duration duration) { ahead_ = duration; }

  private:
    class ForwardSleeper final : public Sleeper {
      public:
        explicit ForwardSleeper(ForwardWorld& world)
            : world_(world), sleeper_(real().make_sleeper()) {}
        void wake() noexcept override { sleeper_->wake(); }
        bool sleep_until(TimePoint until, const std::stop_token& stop) override {
            const Duration ahead = world_.ahead_;
            return sleeper_->sleep_until(until == TimePoint::max() ? until : until - ahead, stop);
        }

      private:
        ForwardWorld& world_;
        std::unique_ptr<Sleeper> sleeper_;
    };

    std::atomic<Duration> ahead_{};
};

// A statement whose stop is requested while it is under way, and what then happens.
class CancelledWait : public testing::Test {
  protected:
    static constexpr auto beyond_patience = Canceller::give_up_after + 1s;
    // For what never happens, so that a failure is no hang.
    static constexpr auto long_enough = 10s;

    CancelledWait() {
        driver.clock = &world;
        driver.on_execute = [this](const Statement& statement) {
            if (statement.purpose == hanging) {
                waiting.release();
                ended.acquire();
                return on_end();
            }
            switch (statement.purpose) {
                case Purpose::release:
                    released.release();
                    return answer(Verdict::released);
                case Purpose::verify:
                    return answer(Verdict::not_held);
                default:
                    return answer(Verdict::busy);
            }
        };
    }

    void cancel_with(const std::function<void()>& on_cancel) {
        driver.on_make_canceller = [this, on_cancel] {
            return std::make_unique<FakeCanceller>(on_cancel, [this] { force(); });
        };
    }

    void force() {
        if (++forced == 1) {
            ended.release();
        }
    }

    Action stop_the_wait(const std::function<void()>& stopped = [] {}) {
        Action end;
        std::thread waiter([&] {
            VerdictDialect dialect;
            const LockOptions options;
            const auto record = Holds::record(driver.handle());
            end = run_blocking(driver, dialect, options, request,
                               {.name = name, .record = *record, .caller = world.caller()},
                               stop.get_token());
        });
        waiting.acquire();
        before_stop();
        stop.request_stop();
        stopped();
        waiter.join();
        return end;
    }

    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    ForwardWorld world;
    FakeDriver driver;
    std::stop_source stop;
    /// The statement that does not end by itself.
    std::atomic<Purpose> hanging = Purpose::wait;
    AcquireRequest request;
    std::function<void()> before_stop = [] {};
    std::function<Reply()> on_end = [] { return answer(errc::session_lost); };
    std::counting_semaphore<> waiting{0};
    std::counting_semaphore<> ended{0};
    std::counting_semaphore<> released{0};
    std::atomic<int> cancels = 0;
    std::atomic<int> forced = 0;
};

TEST_F(CancelledWait, cancels_that_have_no_effect_for_long_end_the_connection) {
    cancel_with([this] {
        if (++cancels == 3) {
            EXPECT_EQ(forced, 0);
            world.put_forward(beyond_patience);
        }
    });
    const Action end = stop_the_wait();
    EXPECT_EQ(end.outcome, Outcome::failed);
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_EQ(cancels, 3);
    EXPECT_GE(forced, 1);
    EXPECT_TRUE(driver.abandoned) << "other locks on the session must know";
}

TEST_F(CancelledWait, a_statement_that_may_not_be_cancelled_ends_with_the_connection) {
    hanging = Purpose::try_acquire;
    cancel_with([this] { ++cancels; });
    const Action end = stop_the_wait([this] { world.put_forward(beyond_patience); });
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_EQ(cancels, 0);
    EXPECT_TRUE(driver.abandoned);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
}

TEST_F(CancelledWait, a_try_alone_ends_with_the_connection) {
    request.no_wait = true;
    hanging = Purpose::try_acquire;
    cancel_with([this] { ++cancels; });
    const Action end = stop_the_wait([this] { world.put_forward(beyond_patience); });
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
}

TEST_F(CancelledWait, a_stop_before_a_statement_that_may_not_be_cancelled_counts) {
    cancel_with([this] {
        if (++cancels == 1) {
            ended.release();
        }
    });
    on_end = [this] {
        hanging = Purpose::release;
        return answer(Verdict::granted);
    };
    const Action end = stop_the_wait([this] {
        waiting.acquire();  // the release
        world.put_forward(beyond_patience);
    });
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_GE(forced, 1);
    EXPECT_TRUE(driver.abandoned);
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait, Purpose::release}));
}

TEST_F(CancelledWait, where_nothing_can_be_cancelled_the_connection_can_be_ended) {
    cancel_with(nullptr);
    const Action end = stop_the_wait([this] { world.put_forward(beyond_patience); });
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_TRUE(driver.abandoned);
    ASSERT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait}));
    EXPECT_LE(driver.limits.back(), 1s) << "a server that lives answers soon";
}

TEST_F(CancelledWait, a_forked_childs_stop_is_its_own) {
    const pid_t parent = getpid();
    driver.on_make_canceller = [&] {
        return std::make_unique<FakeCanceller>([&] {
            if (getpid() != parent) {
                _exit(1);
            }
            ended.release();
        });
    };
    on_end = [] { return answer(Verdict::interrupted); };
    int status = -1;
    before_stop = [&] {
        const pid_t child = fork();
        if (child == 0) {
            stop.request_stop();
            _exit(0);
        }
        waitpid(child, &status, 0);
    };
    EXPECT_EQ(stop_the_wait().outcome, Outcome::cancelled);
    EXPECT_EQ(status, 0) << "it cancels its parent's statement";
}

TEST_F(CancelledWait, a_cancel_that_hangs_for_long_is_left_behind) {
    std::binary_semaphore hangs{0};
    std::atomic<bool> over = false;
    std::weak_ptr<int> canceller;
    driver.on_make_canceller = [&] {
        const auto alive = std::make_shared<int>();
        canceller = alive;
        return std::make_unique<FakeCanceller>(
            [&, alive] {
                ++cancels;
                world.put_forward(beyond_patience);
                (void)hangs.try_acquire_for(long_enough);
                over = true;
            },
            [&] { force(); });
    };
    const Action end = stop_the_wait();
    EXPECT_FALSE(over);
    EXPECT_EQ(end.outcome, Outcome::failed);
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_EQ(cancels, 1) << "one at a time";
    EXPECT_FALSE(canceller.expired()) << "the cancel still uses it";
    hangs.release();
    while (!canceller.expired()) {
        std::this_thread::yield();
    }
    EXPECT_TRUE(over);
}

TEST_F(CancelledWait, a_cancel_that_hangs_after_the_end_of_the_wait_loses_the_session) {
    std::binary_semaphore hangs{0};
    std::binary_semaphore over{0};
    cancel_with([&] {
        ended.release();
        (void)hangs.try_acquire_for(long_enough);
        over.release();
    });
    on_end = [this] {
        world.put_forward(beyond_patience);
        return answer(Verdict::granted);
    };
    const Action end = stop_the_wait();
    EXPECT_FALSE(over.try_acquire());
    EXPECT_EQ(end.outcome, Outcome::failed);
    EXPECT_EQ(end.error, errc::session_lost);
    EXPECT_GE(forced, 1) << "the server frees what it has granted";
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait}));
    hangs.release();
    over.acquire();
}

TEST_F(CancelledWait, a_cancel_on_its_way_keeps_the_next_statement_back) {
    bool sent_early = true;
    cancel_with([&] {
        ended.release();
        sent_early = released.try_acquire_for(500ms);
    });
    on_end = [] { return answer(Verdict::granted); };
    EXPECT_EQ(stop_the_wait().outcome, Outcome::cancelled);
    EXPECT_FALSE(sent_early);
    EXPECT_EQ(forced, 0);
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait, Purpose::release}));
}

TEST_F(CancelledWait, the_thread_that_stops_does_not_wait_for_a_cancel_that_hangs) {
    std::binary_semaphore hangs{0};
    std::binary_semaphore over{0};
    bool hung = true;
    cancel_with([&] {
        if (++cancels > 1) {
            return;
        }
        hung = !hangs.try_acquire_for(long_enough);
        ended.release();
        over.release();
    });
    on_end = [] { return answer(Verdict::interrupted); };
    EXPECT_EQ(stop_the_wait([&] { hangs.release(); }).outcome, Outcome::cancelled);
    over.acquire();
    EXPECT_FALSE(hung);
}

TEST_F(CancelledWait, what_cannot_be_left_behind_runs_on_the_thread_that_stops) {
    std::thread::id canceller;
    const auto on_cancel = [&] {
        canceller = std::this_thread::get_id();
        ended.release();
    };
    driver.on_make_canceller = [&] { return std::make_unique<FakeCanceller>(on_cancel); };
    on_end = [] { return answer(Verdict::interrupted); };
    EXPECT_EQ(stop_the_wait().outcome, Outcome::cancelled);
    EXPECT_EQ(canceller, std::this_thread::get_id());
}

}  // namespace
}  // namespace dlock::detail
