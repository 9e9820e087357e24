// The blocking engine on one thread: what is sent, stops, turns, a thread that waits for itself.
// SPDX-License-Identifier: BSL-1.0
#include "acquisition_operation.hpp"
#include "engine/local_queue.hpp"
#include "fake_driver.hpp"

#include <dlock/world.hpp>

#include <gtest/gtest.h>

#include <stop_token>

namespace dlock::detail {
namespace {

using namespace std::chrono_literals;
using Outcome = Action::Outcome;
using Sent = std::vector<Purpose>;

class BlockingTest : public testing::Test {
  protected:
    class Waiter final : public QueueWaiter {
      public:
        Waiter() : QueueWaiter(false) {}
        void on_turn() noexcept override {}
    };

    // A server where the lock is held by somebody for all time.
    void always_busy() {
        driver.on_execute = [](const Statement& statement) {
            return answer(statement.purpose == Purpose::verify ? Verdict::not_held : Verdict::busy);
        };
    }
    // As above; a stop is requested while the first statement of this purpose is under way.
    void stop_during(Purpose purpose, Verdict verdict) {
        driver.on_execute = [this, purpose, verdict](const Statement& statement) {
            if (statement.purpose == Purpose::verify) {
                return answer(Verdict::not_held);
            }
            if (statement.purpose == Purpose::release) {
                return answer(Verdict::released);
            }
            if (statement.purpose == purpose) {
                stop.request_stop();
                return answer(verdict);
            }
            return answer(Verdict::busy);
        };
    }
    void can_cancel() {
        driver.on_make_canceller = [this] {
            return std::make_unique<FakeCanceller>([this] { ++cancels; });
        };
    }

    Action run(const std::stop_token& token = {}) {
        return run_blocking(driver, dialect, options, request,
                            {.name = name, .record = *record, .caller = World::real().caller()},
                            token);
    }
    Action run_with_stop() { return run(stop.get_token()); }

    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    FakeDriver driver;
    VerdictDialect dialect;
    LockOptions options;
    AcquireRequest request;
    std::stop_source stop;
    int cancels = 0;
    std::shared_ptr<SessionRecord> record = Holds::record(driver.handle());
};

// ---- One operation. ----

TEST_F(BlockingTest, an_operation_runs_to_its_verdict) {
    EXPECT_EQ(run_blocking(driver, dialect, Op::verify, Mode::exclusive).verdict, Verdict::held);
    EXPECT_EQ(run_blocking(driver, dialect, Op::release, Mode::shared).verdict, Verdict::released);
    EXPECT_EQ(driver.sent, (Sent{Purpose::verify, Purpose::release}));
}

TEST_F(BlockingTest, a_free_lock_is_one_statement_and_no_canceller) {
    EXPECT_EQ(run().outcome, Outcome::acquired);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
}

TEST_F(BlockingTest, a_busy_lock_is_waited_for) {
    int asked = 0;
    driver.on_execute = [&asked](const Statement&) {
        return answer(++asked < 3 ? Verdict::busy : Verdict::granted);
    };
    EXPECT_EQ(run().outcome, Outcome::acquired);
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait, Purpose::wait}));
}

TEST_F(BlockingTest, without_waiting_there_is_one_statement_even_with_a_stop_token) {
    always_busy();
    can_cancel();
    request.no_wait = true;
    EXPECT_EQ(run_with_stop().outcome, Outcome::timed_out);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
}

TEST_F(BlockingTest, a_deadline_is_never_reached_early) {
    always_busy();
    for (const WaitStrategy strategy : {WaitStrategy::polling, WaitStrategy::server}) {
        options.wait = strategy;
        options.poll_interval = 1ms;
        request.deadline = std::chrono::steady_clock::now() + 5ms;
        EXPECT_EQ(run().outcome, Outcome::timed_out);
        EXPECT_GE(std::chrono::steady_clock::now(), request.deadline);
    }
}

TEST_F(BlockingTest, a_failure_ends_it) {
    driver.on_execute = [](const Statement&) { return answer(errc::permission_denied); };
    const Action end = run();
    EXPECT_EQ(end.outcome, Outcome::failed);
    EXPECT_EQ(end.error, errc::permission_denied);
}

// ---- Stops. ----

TEST_F(BlockingTest, a_stop_before_the_wait_is_sent_sends_no_wait) {
    for (const bool cancellable : {false, true}) {
        stop = std::stop_source();
        driver.sent.clear();
        if (cancellable) {
            can_cancel();
        }
        stop_during(Purpose::try_acquire, Verdict::busy);
        EXPECT_EQ(run_with_stop().outcome, Outcome::cancelled);
        EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
        EXPECT_EQ(cancels, 0) << "nothing is under way that could be cancelled";
    }
}

TEST_F(BlockingTest, a_stop_during_the_try_does_not_undo_a_grant) {
    can_cancel();
    stop_during(Purpose::try_acquire, Verdict::granted);
    EXPECT_EQ(run_with_stop().outcome, Outcome::acquired);
}

TEST_F(BlockingTest, a_closed_session_is_not_asked_for_a_canceller) {
    can_cancel();
    driver.is_attached = false;
    (void)run_with_stop();
    EXPECT_EQ(driver.cancellers, 0) << "there is no connection to make one from";
}

TEST_F(BlockingTest, a_stop_request_from_the_waiting_thread_itself_loses_no_grant) {
    // From a signal handler, say, while the statement is under way.
    can_cancel();
    stop_during(Purpose::wait, Verdict::granted);
    EXPECT_EQ(run_with_stop().outcome, Outcome::cancelled);
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait, Purpose::release}));
    EXPECT_GE(cancels, 1);
}

TEST_F(BlockingTest, a_stop_between_two_polls_ends_the_pause) {
    options.wait = WaitStrategy::polling;
    options.poll_interval = 1h;
    stop_during(Purpose::try_acquire, Verdict::busy);
    EXPECT_EQ(run_with_stop().outcome, Outcome::cancelled);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
}

TEST_F(BlockingTest, a_stop_in_the_local_queue_ends_the_wait_there_and_leaves_it) {
    Waiter front;
    LocalQueue::enter(name, front);
    request.may_queue = true;
    stop_during(Purpose::try_acquire, Verdict::busy);
    EXPECT_EQ(run_with_stop().outcome, Outcome::cancelled);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire});
    LocalQueue::leave(name, front);
    // Nobody is left in front.
    always_busy();
    driver.sent.clear();
    request.deadline = std::chrono::steady_clock::now() + 1ms;
    EXPECT_EQ(run().outcome, Outcome::timed_out);
}

TEST_F(BlockingTest, a_stop_that_can_come_without_a_way_to_cancel_makes_waits_short) {
    int asked = 0;
    driver.on_execute = [&asked](const Statement&) {
        return answer(++asked < 4 ? Verdict::busy : Verdict::granted);
    };
    EXPECT_EQ(run_with_stop().outcome, Outcome::acquired);
    EXPECT_EQ(driver.cancellers, 1);
    ASSERT_EQ(driver.limits.size(), 4U);
    for (std::size_t i = 1; i < driver.limits.size(); ++i) {
        EXPECT_LE(driver.limits[i], Duration(Acquisition::short_slice));
    }
}

TEST_F(BlockingTest, a_stop_that_can_come_with_a_way_to_cancel_leaves_waits_long) {
    can_cancel();
    int asked = 0;
    driver.on_execute = [&asked](const Statement&) {
        return answer(++asked < 2 ? Verdict::busy : Verdict::granted);
    };
    EXPECT_EQ(run_with_stop().outcome, Outcome::acquired);
    EXPECT_EQ(driver.limits.at(1), 10s);
    EXPECT_EQ(cancels, 0);
}

TEST_F(BlockingTest, a_stop_during_the_draw_of_a_token_cancels_it_and_gives_the_lock_back) {
    can_cancel();
    request.fencing = true;
    driver.on_execute = [this](const Statement& statement) {
        switch (statement.purpose) {
            case Purpose::fence:
                stop.request_stop();
                return answer(Verdict::busy);
            case Purpose::release:
                return answer(Verdict::released);
            default:
                return answer(Verdict::granted);
        }
    };
    EXPECT_EQ(run_with_stop().outcome, Outcome::cancelled);
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::fence, Purpose::release}));
    EXPECT_EQ(cancels, 1);
}

// ---- Turns. ----

TEST_F(BlockingTest, a_session_that_may_queue_waits_behind_the_others) {
    always_busy();
    Waiter front;
    LocalQueue::enter(name, front);
    LocalQueue::answer(front);
    request.may_queue = true;
    request.deadline = std::chrono::steady_clock::now() + 2ms;
    EXPECT_EQ(run().outcome, Outcome::timed_out);
    EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire}) << "no wait in the server's queue";
    LocalQueue::leave(name, front);
}

TEST_F(BlockingTest, a_session_that_may_not_queue_goes_past_the_others) {
    Waiter front;
    LocalQueue::enter(name, front);
    int asked = 0;
    driver.on_execute = [&asked](const Statement&) {
        return answer(++asked < 2 ? Verdict::busy : Verdict::granted);
    };
    EXPECT_EQ(run().outcome, Outcome::acquired);
    EXPECT_EQ(driver.sent, (Sent{Purpose::try_acquire, Purpose::wait}));
    LocalQueue::leave(name, front);
}

TEST_F(BlockingTest, the_turn_ends_with_the_acquire_however_it_ends) {
    request.may_queue = true;
    for (const Reply& second : {answer(Verdict::granted), answer(errc::deadlock)}) {
        int asked = 0;
        driver.on_execute = [&](const Statement&) {
            return ++asked < 2 ? answer(Verdict::busy) : second;
        };
        (void)run();
        EXPECT_EQ(asked, 2) << "nobody stands in front";
    }
}

// ---- A thread that waits for itself. ----

TEST_F(BlockingTest, a_thread_that_would_wait_for_itself_without_limit_is_told) {
    always_busy();
    const char backend = 0;
    const auto other = Holds::record(&backend);
    Holds::prepare(*other, 1);
    const auto hold = std::make_shared<Hold>(Hold{.name = name, .caller = World::real().caller()});
    Holds::add(*other, hold);
    for (const bool may_queue : {false, true}) {
        request.may_queue = may_queue;
        driver.sent.clear();
        const Action end = run();
        EXPECT_EQ(end.outcome, Outcome::failed);
        EXPECT_EQ(end.error, errc::deadlock);
        EXPECT_FALSE(end.in_doubt);
        EXPECT_EQ(driver.sent, Sent{Purpose::try_acquire}) << "the server is always tried first";
    }
    // With a limit the wait ends by itself.
    request.deadline = std::chrono::steady_clock::now() + 1ms;
    EXPECT_EQ(run().outcome, Outcome::timed_out);
}

}  // namespace
}  // namespace dlock::detail
