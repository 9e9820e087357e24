// SPDX-License-Identifier: BSL-1.0
#include "async/async_engine.hpp"

#include "engine/modes.hpp"

#include <algorithm>
#include <utility>

namespace dlock::detail {

/// A place in the local queue; leaves it when destroyed.
class AsyncEngine::Turn final : public QueueWaiter {
  public:
    Turn(const Contender& contender, std::shared_ptr<WakeTarget> target)
        : QueueWaiter(!exclude_each_other(contender.mode, contender.mode)),
          name_(contender.name),
          target_(std::move(target)) {
        LocalQueue::enter(name_, *this);
    }
    ~Turn() override { LocalQueue::leave(name_, *this); }

    void on_turn() noexcept override {
        offered_ = true;
        target_->wake();
    }

    void on_turn_ahead() noexcept override {
        ahead_ = true;
        target_->wake();
    }

    [[nodiscard]] bool is_offered() const noexcept { return offered_; }
    /// True once after each on_turn_ahead().
    [[nodiscard]] bool was_ahead() noexcept { return ahead_.exchange(false); }

  private:
    const std::string& name_;
    std::shared_ptr<WakeTarget> target_;
    std::atomic<bool> offered_{false};
    std::atomic<bool> ahead_{false};
};

AsyncEngine::AsyncEngine(Operation& operation, AsyncSetting setting)
    : operation_(operation), setting_(std::move(setting)), contender_(operation.contender()) {
    // Work on another thread must also end when the engine is destroyed.
    if (setting_.cancellable || !setting_.driver.non_blocking()) {
        canceller_ = setting_.driver.make_canceller();
        if (contender_ != nullptr && (canceller_ == nullptr || !canceller_->can_cancel())) {
            operation_.wait_in_short_slices();
        }
    }
}

// What is under way only ends here if the session is about to be closed.
AsyncEngine::~AsyncEngine() {
    const auto runs = [](const std::shared_ptr<BlockingWork>& work) {
        return work != nullptr && !work->withdraw() && !work->is_over();
    };
    const bool cancelling = runs(cancelling_);
    const bool working = runs(work_);
    if (canceller_ != nullptr && canceller_->can_force()) {
        if (cancelling || working) {
            canceller_->force();  // a cancel that hangs is left behind, and must not come late
        }
    } else if (cancelling && work_ != nullptr) {
        // It may need the session, and a canceller serves one thread at a time.
        while (!cancelling_->finish()) {
        }
    }
    while (working && !work_->finish(Canceller::repeat_after)) {
        if (can_cancel() && !canceller_->can_force()) {
            canceller_->cancel();
        }
    }
}

Suspension AsyncEngine::start() {
    action_ = operation_.start(moment_of(setting_.driver));
    begin();
    return run(false);
}

Suspension AsyncEngine::poll(bool ready) {
    return run(ready);
}

Suspension AsyncEngine::cancel() {
    if (!cancel_requested_) {
        cancel_requested_ = true;
        give_up_at_ = now() + Canceller::give_up_after;
    }
    return run(false);
}

Suspension AsyncEngine::run(bool ready) {
    while (action_.kind != Action::Kind::done) {
        const std::optional<Event> happened = event(std::exchange(ready, false));
        if (!happened.has_value()) {
            return suspension();
        }
        sending_ = false;
        Moment moment = moment_of(setting_.driver);
        moment.reply = &reply_;
        moment.cancel_was_sent = std::exchange(cancel_was_sent_, false);
        action_ = operation_.resume(*happened, moment);
        begin();
    }
    turn_.reset();
    return {.done = true};
}

void AsyncEngine::begin() {
    at_once_.reset();
    if (action_.kind == Action::Kind::send) {
        send(*action_.statement);
    } else if (action_.kind == Action::Kind::take_turn) {
        take_turn();
    }
}

void AsyncEngine::send(const Statement& statement) {
    if (statement.is_cancellable() && cancel_requested_) {
        at_once_ = Event::cancelled;
        return;
    }
    reply_.clear();
    sending_ = true;
    cancelling_.reset();
    next_cancel_at_ = {};
    if (setting_.driver.non_blocking()) {
        work_.reset();
        progress_ = setting_.driver.begin(statement, reply_);
        return;
    }
    const auto execute = [this, &statement] { setting_.driver.execute(statement, reply_); };
    BlockingPool& pool = waits() ? BlockingPool::for_waits() : BlockingPool::for_answers();
    work_ = BlockingWork::start(executor(pool), execute, setting_.target);
}

void AsyncEngine::take_turn() {
    if (action_.queue) {
        look_at_ = now() + look_after;
        turn_ = std::make_unique<Turn>(*contender_, setting_.target);
    } else {
        at_once_ = Event::turn_came;
    }
}

std::optional<Event> AsyncEngine::event(bool ready) {
    if (at_once_.has_value()) {
        return at_once_;
    }
    if (action_.kind == Action::Kind::send) {
        return reply_event(ready);
    }
    if (cancel_requested_) {
        return Event::cancelled;
    }
    if (action_.kind == Action::Kind::take_turn) {
        return turn_event();
    }
    return now() >= action_.until ? std::optional(Event::woke) : std::nullopt;
}

std::optional<Event> AsyncEngine::reply_event(bool ready) {
    bool ended = false;
    if (work_ != nullptr) {
        const bool late = waits() && now() >= action_.until;
        if (waits() && (late || cancel_requested_) && work_->withdraw()) {
            return cancel_requested_ ? Event::cancelled : Event::woke;  // no thread was free for it
        }
        ended = work_->is_over();
    } else {
        if (!progress_.done && (ready || now() >= progress_.until)) {
            progress_ = setting_.driver.advance(reply_);
        }
        ended = progress_.done;
    }
    // A cancel that comes late must meet neither the next statement nor a closed session.
    if (ended && !gave_up_ &&
        (cancelling_ == nullptr || cancelling_->withdraw() || cancelling_->is_over())) {
        if (work_ != nullptr && work_->state() == BlockingWork::State::dropped) {
            operation_.abandon();
            throw LockError(errc::session_lost,
                            "LockOptions::blocking_executor dropped its work, so the session was "
                            "closed");
        }
        return Event::replied;
    }
    if (!gave_up_ && now() >= give_up_at_ && can_give_up()) {
        gave_up_ = true;
        if (canceller_ != nullptr) {
            canceller_->force();
        }
    }
    if (gave_up_ && (ended || work_ == nullptr || work_->withdraw())) {
        operation_.abandon();
        throw LockError(errc::session_lost,
                        "the server did not answer after a cancel, so the session was closed");
    }
    if (!ended && !gave_up_ && cancel_requested_) {
        cancel_statement();
    }
    return std::nullopt;
}

std::optional<Event> AsyncEngine::turn_event() {
    if (turn_->is_offered()) {
        LocalQueue::answer(*turn_);
        return Event::turn_came;
    }
    const TimePoint at = now();
    if (at >= action_.until) {
        return Event::woke;
    }
    if (turn_->was_ahead()) {
        // Told again and again, as by each that joins the queue, it must not look ever later.
        look_at_ = std::min(look_at_, at + LocalQueue::patience);
    }
    if (at >= look_at_) {
        LocalQueue::pass_by_the_silent(contender_->name, at);
        look_at_ = at + look_after;
    }
    return std::nullopt;
}

void AsyncEngine::cancel_statement() {
    const TimePoint at = now();
    if (!can_cancel() || at < next_cancel_at_ ||
        (cancelling_ != nullptr && !cancelling_->is_over())) {
        return;
    }
    if (cancelling_ != nullptr) {
        // It has had no effect yet; the next one follows after a pause.
        cancelling_.reset();
        next_cancel_at_ = at + Canceller::repeat_after;
        return;
    }
    cancel_was_sent_ = true;
    cancelling_ = BlockingWork::start(
        executor(BlockingPool::for_cancels()), [canceller = canceller_] { canceller->cancel(); },
        setting_.target);
}

Suspension AsyncEngine::suspension() const {
    Suspension result;
    switch (action_.kind) {
        case Action::Kind::sleep:
            result.until = action_.until;
            break;
        case Action::Kind::take_turn:
            result.until = std::min(action_.until, look_at_);
            break;
        case Action::Kind::send:
            if (work_ != nullptr) {
                result.until = now() + look_after;
                if (!gave_up_ && can_give_up()) {
                    result.until = std::min(result.until, give_up_at_);
                }
                if (waits() && work_->state() == BlockingWork::State::queued) {
                    result.until = std::min(result.until, action_.until);
                }
            } else {
                if (!progress_.done) {
                    result.descriptor = setting_.driver.descriptor();
                    result.readable = progress_.reads;
                    result.writable = progress_.writes;
                    result.until = progress_.until;
                }
                result.until = std::min(result.until, give_up_at_);
            }
            if (cancel_requested_ && !gave_up_ && can_cancel() && cancelling_ == nullptr) {
                result.until = std::min(result.until, next_cancel_at_);
            }
            break;
        case Action::Kind::done:
            result.done = true;
            break;
    }
    return result;
}

bool AsyncEngine::can_cancel() const {
    return canceller_ != nullptr && canceller_->can_cancel() && action_.statement->is_cancellable();
}

// What another thread executes has to end before the session can be closed.
bool AsyncEngine::can_give_up() const {
    return work_ == nullptr || (canceller_ != nullptr && canceller_->can_force());
}

bool AsyncEngine::waits() const {
    return action_.statement->purpose == Purpose::wait;
}

TimePoint AsyncEngine::now() const {
    return setting_.driver.world().now();
}

BlockingExecutor AsyncEngine::executor(BlockingPool& pool) const {
    if (setting_.options.blocking_executor) {
        return setting_.options.blocking_executor;
    }
    return [&pool](std::function<void()> job) { pool.run(std::move(job)); };
}

}  // namespace dlock::detail
