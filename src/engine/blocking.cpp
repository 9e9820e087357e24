// SPDX-License-Identifier: BSL-1.0
#include "engine/blocking.hpp"

#include "engine/local_queue.hpp"
#include "engine/modes.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

namespace dlock::detail {
namespace {

Moment moment_of(const Driver& driver) {
    return {.now = driver.world().now(),
            .identity = driver.identity(),
            .transaction = driver.transaction(),
            .is_primary = driver.is_primary()};
}

// A thread's place in the local queue; leaves it when destroyed.
class Turn final : public QueueWaiter {
  public:
    Turn(const std::string& name, Mode mode, World& world)
        : QueueWaiter(!exclude_each_other(mode, mode), world),
          name_(name),
          world_(world),
          sleeper_(world.make_sleeper()) {
        LocalQueue::enter(name_, *this);
    }
    ~Turn() override { LocalQueue::leave(name_, *this); }

    void on_turn() noexcept override { sleeper_->wake(); }

    Event wait(TimePoint until, const std::stop_token& stop) {
        while (true) {
            const TimePoint now = world_.now();
            if (stop.stop_requested()) {
                return Event::cancelled;
            }
            if (now >= until) {
                return Event::woke;
            }
            const bool soon = until - now <= LocalQueue::patience;
            if (sleeper_->sleep_until(soon ? until : now + LocalQueue::patience, stop)) {
                LocalQueue::answer(*this);
                return Event::turn_came;
            }
            LocalQueue::pass_by_the_silent(name_, world_.now());
        }
    }

  private:
    const std::string& name_;
    World& world_;
    std::unique_ptr<Sleeper> sleeper_;
};

// Sleeps until `until` or a stop request.
Event sleep_until(TimePoint until, const std::stop_token& stop, World& world) {
    (void)world.make_sleeper()->sleep_until(until, stop);
    return stop.stop_requested() ? Event::cancelled : Event::woke;
}

// Executes a statement while a stop request cancels it. A cancel that reaches the server before the
// statement does has no effect, so it is repeated until the statement has ended.
class CancellableExecution {
  public:
    static constexpr std::chrono::milliseconds repeat{10};

    CancellableExecution(Canceller& canceller, World& world)
        : canceller_(canceller),
          world_(world),
          owner_(world.caller()),
          ended_(world.make_sleeper()),
          left_(world.make_sleeper()) {}

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
        ended_->wake();
        callback.reset();  // no cancel begins any more, and one of another thread is over
        if (entered_) {
            (void)left_->sleep_until(TimePoint::max(), {});
        }
        return entered_ || sent_by_owner_;
    }

    // True if the stop came before anything was sent.
    [[nodiscard]] bool stopped_before() const { return stopped_before_; }

  private:
    void cancel_until_ended() {
        if (world_.caller() == owner_) {
            if (!executing_) {
                stopped_before_ = true;  // stop_callback's constructor found the stop requested
                return;
            }
            sent_by_owner_ = true;  // from a signal handler, or a hook of the client library
            canceller_.cancel();
            return;
        }
        entered_ = true;
        do {
            canceller_.cancel();
        } while (!ended_->sleep_until(world_.now() + repeat, {}));
        left_->wake();
    }

    Canceller& canceller_;
    World& world_;
    const std::size_t owner_;
    std::unique_ptr<Sleeper> ended_;
    std::unique_ptr<Sleeper> left_;
    std::atomic<bool> entered_{false};
    // Used by the owner's thread only.
    bool sent_by_owner_ = false;
    bool stopped_before_ = false;
    bool executing_ = false;
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
    World& world = driver.world();
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
                    CancellableExecution execution(*canceller, world);
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
                event = sleep_until(action.until, stop, world);
                break;
            case Action::Kind::take_turn:
                if (action.until == TimePoint::max() &&
                    Holds::held_by_caller(contender.record, contender.name, request.mode,
                                          world.caller())) {
                    event = Event::waits_for_itself;
                } else if (action.queue) {
                    turn.emplace(contender.name, request.mode, world);
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
