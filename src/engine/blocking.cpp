// SPDX-License-Identifier: BSL-1.0
#include "engine/blocking.hpp"

#include "engine/local_queue.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace dlock::detail {
namespace {

using Clock = std::chrono::steady_clock;

Moment moment_of(const Driver& driver) {
    return {.now = Clock::now(),
            .identity = driver.identity(),
            .transaction = driver.transaction(),
            .is_primary = driver.is_primary()};
}

// A thread's place in the local queue; leaves it when destroyed.
class Turn final : public QueueWaiter {
  public:
    Turn(const std::string& name, bool shared) : QueueWaiter(shared), name_(name) {
        LocalQueue::enter(name_, *this);
    }
    ~Turn() override { LocalQueue::leave(name_, *this); }

    void on_turn() noexcept override {
        const std::lock_guard lock(mutex_);
        came_ = true;
        condition_.notify_one();
    }

    Event wait(TimePoint until, const std::stop_token& stop) {
        while (true) {
            const TimePoint now = Clock::now();
            if (stop.stop_requested()) {
                return Event::cancelled;
            }
            if (now >= until) {
                return Event::woke;
            }
            {
                std::unique_lock lock(mutex_);
                const TimePoint next =
                    until - now > LocalQueue::patience ? now + LocalQueue::patience : until;
                condition_.wait_until(lock, stop, next, [this] { return came_; });
                if (came_) {
                    break;
                }
            }
            LocalQueue::pass_by_the_silent(name_, Clock::now());
        }
        LocalQueue::answer(*this);
        return Event::turn_came;
    }

  private:
    const std::string& name_;
    std::mutex mutex_;
    std::condition_variable_any condition_;
    bool came_ = false;
};

// Sleeps until `until` or a stop request.
Event sleep_until(TimePoint until, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any condition;
    std::unique_lock lock(mutex);
    condition.wait_until(lock, stop, until, [] { return false; });
    return stop.stop_requested() ? Event::cancelled : Event::woke;
}

// Executes a statement while a stop request cancels it. A cancel that reaches the server before the
// statement does has no effect, so it is repeated until the statement has ended.
class CancellableExecution {
  public:
    static constexpr std::chrono::milliseconds repeat{10};

    explicit CancellableExecution(Canceller& canceller) : canceller_(canceller) {}

    // True if a cancel was sent.
    bool run(Driver& driver, const Statement& statement, Reply& reply,
             const std::stop_token& stop) {
        const auto cancel = [this] { cancel_until_ended(); };
        std::optional<std::stop_callback<decltype(cancel)>> callback(std::in_place, stop, cancel);
        if (stopped_before_) {
            return false;
        }
        executing_ = true;
        driver.execute(statement, reply);
        {
            const std::lock_guard lock(mutex_);
            ended_ = true;
        }
        condition_.notify_all();
        callback.reset();  // waits for a cancel that is under way
        return sent_;
    }

    // True if the stop came before anything was sent.
    [[nodiscard]] bool stopped_before() const { return stopped_before_; }

  private:
    void cancel_until_ended() {
        if (std::this_thread::get_id() == owner_) {
            if (!executing_) {
                stopped_before_ = true;  // stop_callback's constructor found the stop requested
                return;
            }
            sent_ = true;  // from a signal handler, or a hook of the client library
            canceller_.cancel();
            return;
        }
        std::unique_lock lock(mutex_);
        while (!ended_) {
            sent_ = true;
            lock.unlock();
            canceller_.cancel();
            lock.lock();
            condition_.wait_for(lock, repeat, [this] { return ended_; });
        }
    }

    Canceller& canceller_;
    const std::thread::id owner_ = std::this_thread::get_id();
    std::mutex mutex_;
    std::condition_variable condition_;
    bool ended_ = false;
    bool sent_ = false;
    bool stopped_before_ = false;
    bool executing_ = false;  // used by the owner's thread only
};

}  // namespace

Step run_blocking(Driver& driver, Dialect& dialect, Op op, Mode mode) {
    Step step = dialect.start(op, {.identity = driver.identity(),
                                   .transaction = driver.transaction(),
                                   .is_primary = driver.is_primary(),
                                   .mode = mode});
    Reply reply;
    while (step.send != nullptr) {
        reply.clear();
        driver.execute(*step.send, reply);
        step = dialect.resume(reply);
    }
    return step;
}

Action run_blocking(Driver& driver, Dialect& dialect, const LockOptions& options,
                    AcquireRequest request, const Contender& contender,
                    const std::stop_token& stop) {
    std::unique_ptr<Canceller> canceller;
    if (stop.stop_possible() && !request.no_wait) {
        canceller = driver.make_canceller();
        request.short_slices = canceller == nullptr;
    }
    Acquisition acquisition(dialect, options, request);
    std::optional<Turn> turn;
    Reply reply;

    Action action = acquisition.start(moment_of(driver));
    while (action.kind != Action::Kind::done) {
        Event event = Event::woke;
        bool cancel_was_sent = false;
        switch (action.kind) {
            case Action::Kind::send:
                reply.clear();
                event = Event::replied;
                if (canceller != nullptr && action.statement->purpose == Purpose::wait) {
                    CancellableExecution execution(*canceller);
                    cancel_was_sent = execution.run(driver, *action.statement, reply, stop);
                    if (execution.stopped_before()) {
                        event = Event::cancelled;
                    }
                } else if (stop.stop_requested() && action.statement->purpose == Purpose::wait) {
                    event = Event::cancelled;
                } else {
                    driver.execute(*action.statement, reply);
                }
                break;
            case Action::Kind::sleep:
                event = sleep_until(action.until, stop);
                break;
            case Action::Kind::take_turn:
                if (action.until == TimePoint::max() &&
                    Holds::held_by_this_thread(contender.record, contender.name, request.mode)) {
                    event = Event::waits_for_itself;
                } else if (action.queue) {
                    turn.emplace(contender.name, request.mode == Mode::shared);
                    event = turn->wait(action.until, stop);
                } else {
                    event = Event::turn_came;
                }
                break;
            case Action::Kind::done:
                break;
        }
        Moment moment = moment_of(driver);
        moment.reply = &reply;
        moment.cancel_was_sent = cancel_was_sent;
        action = acquisition.resume(event, moment);
    }
    return action;
}

}  // namespace dlock::detail
