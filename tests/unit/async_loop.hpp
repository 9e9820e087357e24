// A server with one lock, and the simplest loop that an asynchronous operation can run in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/local_queue.hpp"
#include "fake_driver.hpp"

#include <dlock/detail/async_operation.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

namespace dlock::detail {

/// A blocking_executor with a thread for each job.
inline void on_thread(std::function<void()> job) {
    std::thread(std::move(job)).detach();
}

/// What the server's side of a case does.
struct Scenario {
    const char* name;
    /// The answers to tries and waits; the last one is repeated.
    std::vector<Reply> answers;
    WaitStrategy strategy = WaitStrategy::server;
    /// Somebody stands in front in the local queue, until nothing else is left to do.
    bool queues = false;
    /// A cancel ends a wait; else the wait ends as if there had been none.
    bool cancel_works = true;
    /// FakeDriver::suspensions.
    int suspensions = 2;
    bool has_canceller = true;
    /// A token is drawn, at the second attempt.
    bool fencing = false;
};

inline void PrintTo(const Scenario& scenario, std::ostream* out) {
    *out << scenario.name;
}

/// A lock, its fake server, and what the server knows. The lock may be destroyed before the rest.
class AsyncCase {
  public:
    explicit AsyncCase(const Scenario& scenario, LockOptions options = {}) : scenario_(scenario) {
        options.wait = scenario.strategy;
        options.fencing = options.fencing || scenario.fencing;
        options.poll_interval = std::chrono::milliseconds(1);
        if (!options.blocking_executor) {
            options.blocking_executor = [](const std::function<void()>& job) { job(); };
        }
        fake.emplace(std::move(options), Key("key"), &session_);
        FakeDriver& driver = fake->driver;
        driver.suspensions = scenario.suspensions;
        driver.on_execute = [this](const Statement& statement) { return execute(statement); };
        driver.on_abandon = [this] {
            closed = true;
            held = 0;
        };
        if (scenario.has_canceller) {
            driver.on_make_canceller = [this] {
                return std::make_unique<FakeCanceller>([this] { on_cancel(); }, on_force);
            };
        }
        name_ = driver.server() + '\n' + fake->lock.actual_key().to_string();
        if (scenario.queues) {
            LocalQueue::enter(name_, front_.emplace());
        }
    }
    AsyncCase(const AsyncCase&) = delete;
    AsyncCase& operator=(const AsyncCase&) = delete;
    ~AsyncCase() { leave_queue(); }

    void leave_queue() {
        if (front_.has_value()) {
            LocalQueue::leave(name_, *front_);
            front_.reset();
        }
    }
    [[nodiscard]] bool is_under_way() const { return fake->driver.under_way != nullptr; }

    /// Only the operation, which is not over, can give back what the session holds; or nobody knows
    /// what that is.
    [[nodiscard]] bool is_in_doubt() const { return is_under_way() || held > 0; }

    /// A wait was begun and has no answer.
    [[nodiscard]] bool is_waiting() const {
        return is_under_way() && fake->driver.under_way->purpose == Purpose::wait;
    }

    std::optional<FakeLock> fake;
    /// What the server counts as held by the session.
    int held = 0;
    bool closed = false;
    std::function<void()> on_cancel = [this] { cancelled_ = true; };
    /// Null: the connection cannot be ended on this side.
    std::function<void()> on_force;

  private:
    class Front final : public QueueWaiter {
      public:
        Front() : QueueWaiter(false) {}
        void on_turn() noexcept override {}
    };

    Reply execute(const Statement& statement) {
        const bool cancelled = std::exchange(cancelled_, false);
        if (statement.purpose == Purpose::release) {
            return held-- > 0 ? answer(Verdict::released) : answer(errc::lock_lost);
        }
        if (statement.purpose == Purpose::verify) {
            return answer(held > 0 ? Verdict::held : Verdict::not_held);
        }
        if (cancelled && scenario_.cancel_works && statement.purpose == Purpose::wait) {
            return answer(Verdict::interrupted);
        }
        if (statement.purpose == Purpose::fence && scenario_.fencing) {
            return ++draws_ % 2 == 1 ? answer(Verdict::busy) : fencing_token(draws_);
        }
        const Reply reply = scenario_.answers[std::min(asked_, scenario_.answers.size() - 1)];
        ++asked_;
        if (!reply.failed && reply.values[0] == static_cast<int>(Verdict::granted)) {
            ++held;
        }
        return reply;
    }

    const char session_ = 0;
    Scenario scenario_;
    std::size_t asked_ = 0;
    int draws_ = 0;
    bool cancelled_ = false;
    std::string name_;
    std::optional<Front> front_;
};

/// Runs one operation.
class AsyncLoop final : private Waker {
  public:
    static constexpr int too_many = 2000;

    explicit AsyncLoop(AsyncCase& server, Wait wait = forever)
        : server_(server),
          operation_(server.fake->lock,
                     AsyncCall{.kind = AsyncCall::Kind::acquire, .wait = wait, .cancellable = true},
                     *this) {}

    void start() { next_ = operation_.start(); }
    void cancel() { next_ = operation_.cancel(); }
    void abandon() { operation_.abandon(); }
    [[nodiscard]] TimePoint until() const { return next_.until; }
    /// Looks whether something has come.
    void poll() { next_ = operation_.poll(false); }
    /// Goes on when what it waits for has come.
    void step() {
        ++steps_;
        if ((next_.readable || next_.writable) && !is_silent) {
            next_ = operation_.poll(true);
            return;
        }
        on_idle();
        std::unique_lock lock(mutex_);
        const auto woken = [this] { return woken_; };
        // A limit, so that an operation that nobody wakes fails the case.
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(8);
        if (!changed_.wait_until(lock, std::min(next_.until, limit), woken) &&
            next_.until > limit) {
            steps_ = too_many;
            ADD_FAILURE() << "it waits for nothing";
        }
        woken_ = false;
        lock.unlock();
        next_ = operation_.poll(false);
    }
    void run(int most = too_many) {
        while (!done() && most-- > 0 && steps_ < too_many) {
            step();
        }
    }

    void run_until_waiting() {
        while (!done() && steps_ < too_many && !server_.is_waiting()) {
            step();
        }
    }

    [[nodiscard]] bool done() const { return next_.done; }
    [[nodiscard]] bool held() const { return operation_.held(); }
    [[nodiscard]] std::error_code error() const { return operation_.error(); }

    /// The server sends nothing.
    bool is_silent = false;
    /// When nothing but other threads and the clock is left.
    std::function<void()> on_idle = [this] { server_.leave_queue(); };

  private:
    void wake() noexcept override {
        const std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }

    AsyncCase& server_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    AsyncOperation operation_;
    Suspension next_;
    int steps_ = 0;
};

}  // namespace dlock::detail
