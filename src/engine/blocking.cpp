// SPDX-License-Identifier: BSL-1.0
#include "engine/blocking.hpp"

#include "engine/local_queue.hpp"
#include "engine/modes.hpp"
#include "engine/stoppable_execution.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace dlock::detail {
namespace {

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

// Everything that the calling thread waits for on behalf of one operation.
class Run {
  public:
    Run(Driver& driver, Operation& operation, const std::stop_token& stop)
        : driver_(driver), operation_(operation), stop_(stop), contender_(operation.contender()) {
        if (stop.stop_possible()) {
            canceller_ = driver.make_canceller();
            if (contender_ != nullptr && (canceller_ == nullptr || !canceller_->can_cancel())) {
                operation.wait_in_short_slices();
            }
        }
    }

    void to_the_end() {
        Action action = operation_.start(moment_of(driver_));
        while (action.kind != Action::Kind::done) {
            cancel_was_sent_ = false;
            const Event event = wait_for(action);
            Moment moment = moment_of(driver_);
            moment.reply = &reply_;
            moment.cancel_was_sent = cancel_was_sent_;
            action = operation_.resume(event, moment);
        }
    }

  private:
    Event wait_for(const Action& action) {
        switch (action.kind) {
            case Action::Kind::send:
                return execute(*action.statement);
            case Action::Kind::sleep:
                return sleep_until(action.until, stop_, driver_.world());
            case Action::Kind::take_turn:
                return take_turn(action);
            case Action::Kind::done:
                break;
        }
        return Event::woke;
    }

    Event execute(const Statement& statement) {
        reply_.clear();
        if (canceller_ != nullptr) {
            StoppableExecution execution(canceller_, driver_.world());
            cancel_was_sent_ = execution.run(driver_, statement, reply_, stop_);
            return execution.stopped_before() ? Event::cancelled : Event::replied;
        }
        if (statement.is_cancellable() && stop_.stop_requested()) {
            return Event::cancelled;
        }
        driver_.execute(statement, reply_);
        return Event::replied;
    }

    Event take_turn(const Action& action) {
        if (action.until == TimePoint::max() && is_own_hold()) {
            return Event::waits_for_itself;
        }
        if (!action.queue) {
            return Event::turn_came;
        }
        turn_.emplace(contender_->name, contender_->mode, driver_.world());
        return turn_->wait(action.until, stop_);
    }

    bool is_own_hold() const {
        return Holds::held_by_caller(contender_->record, contender_->name, contender_->mode,
                                     contender_->caller);
    }

    Driver& driver_;
    Operation& operation_;
    const std::stop_token& stop_;
    const Contender* contender_;
    std::shared_ptr<Canceller> canceller_;
    std::optional<Turn> turn_;
    Reply reply_;
    bool cancel_was_sent_ = false;
};

}  // namespace

void run_blocking(Driver& driver, Operation& operation, const std::stop_token& stop) {
    Run run(driver, operation, stop);
    try {
        run.to_the_end();
    } catch (const LockError&) {
        throw;
    } catch (...) {
        // Out of memory on the way: nobody knows what the session holds.
        operation.abandon();
        throw;
    }
}

}  // namespace dlock::detail
