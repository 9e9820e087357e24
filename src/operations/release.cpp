// SPDX-License-Identifier: BSL-1.0
#include "operations/release.hpp"

namespace dlock::detail {

using State = BaseLock::State;

namespace {
constexpr Action done{.kind = Action::Kind::done};
}

Action ReleaseOperation::start(const Moment& moment) {
    lock_.check_process("a forked child cannot release its parent's lock");
    if (lock_.state_ == State::unlocked) {
        lock_.fail(errc::not_locked, "release of a lock that is not held");
    }
    lock_.notice_loss();
    if (lock_.state_ == State::lost) {
        lock_.end_lost_hold();
    }
    if (!lock_.same_session()) {
        lock_.lose(State::unlocked);
        lock_.fail(errc::lock_lost,
                   "the session was closed or reconnected while the lock was held");
    }
    lock_.check_idle();
    if (lock_.parts_.options.xact) {
        if (lock_.transaction_ended() || lock_.hold_is_gone()) {
            lock_.forget_hold();
            return done;
        }
        if (moment.transaction == TransactionState::unknown) {
            return ask(Op::verify, moment);
        }
    }
    return give_back(moment);
}

Action ReleaseOperation::resume(Event event, const Moment& moment) {
    (void)event;  // a release only sends
    return proceed(lock_.parts_.dialect->resume(*moment.reply), moment);
}

Action ReleaseOperation::ask(Op op, const Moment& moment) {
    op_ = op;
    before_ = moment.transaction;
    return proceed(lock_.parts_.dialect->start(op, situation_of(moment, lock_.mode_)), moment);
}

Action ReleaseOperation::proceed(const Step& step, const Moment& moment) {
    if (step.send != nullptr) {
        return Action{.kind = Action::Kind::send, .statement = step.send};
    }
    return op_ == Op::verify ? after_question(step, moment) : after_release(step);
}

// Nothing but the server tells whether the transaction of a transaction-level lock has ended.
Action ReleaseOperation::after_question(const Step& step, const Moment& moment) {
    if (step.verdict == Verdict::failed) {
        lock_.fail(step.error, step.advice, true);
    }
    if (step.verdict != Verdict::held) {
        lock_.forget_hold();
        return done;
    }
    return give_back(moment);
}

Action ReleaseOperation::give_back(const Moment& moment) {
    if (lock_.hold_is_gone()) {
        lock_.lose(State::unlocked);
        lock_.fail(errc::lock_lost, "another lock that shares it found that it was lost");
    }
    if (lock_.depth_ > 1 || Holds::count(*lock_.hold_) > 1) {
        (void)Holds::leave(*lock_.record_, lock_.hold_);
        if (--lock_.depth_ == 0) {
            lock_.end_hold();
        }
        return done;
    }
    if (lock_.watch_ != nullptr && !lock_.watch_->pause()) {
        lock_.notice_loss();
        lock_.end_lost_hold();
    }
    return ask(Op::release, moment);
}

Action ReleaseOperation::after_release(const Step& step) {
    const bool ended = lock_.forget_ended_transaction(before_);
    if (step.verdict == Verdict::released) {
        (void)Holds::leave(*lock_.record_, lock_.hold_);
        lock_.end_hold();
        if (ended && before_ == TransactionState::active) {
            lock_.fail(errc::transaction_failed,
                       "the lock was given back, but the release was interrupted on the server, "
                       "and the transaction failed with it",
                       true, true);
        }
        return done;
    }
    if (step.error == errc::held_by_transaction || step.error == errc::session_busy) {
        if (lock_.watch_ != nullptr) {
            lock_.watch_->resume();
        }
        lock_.fail(step.error, step.advice);  // nothing was sent, and the lock is still held
    }
    lock_.lose(State::unlocked);
    if (step.in_doubt) {
        lock_.parts_.driver->abandon();
        lock_.fail(errc::session_lost,
                   "the lock could not be given back, so the session was closed", true, true);
    }
    lock_.fail(step.error, step.advice, step.error != errc::lock_lost,
               ended && before_ == TransactionState::active);
}

void ReleaseOperation::abandon() noexcept {
    lock_.spoil_lease();
    lock_.forget_hold();  // the program ends it, nobody is told
    lock_.parts_.driver->abandon();
}

}  // namespace dlock::detail
