// SPDX-License-Identifier: BSL-1.0
#include "operations/acquire.hpp"

#include <utility>

namespace dlock::detail {

AcquireOperation::AcquireOperation(LockState& lock, Mode mode, const Wait& wait, std::size_t caller)
    : lock_(lock),
      contender_{.name = lock.name_, .record = *lock.record_, .mode = mode, .caller = caller},
      limit_(wait.limit()) {
    lock_.check_usable();
    if (!lock_.parts_.capabilities.modes.contains(mode)) {
        lock_.fail(errc::not_supported, "there is no shared mode");
    }
    request_.mode = mode;
    request_.no_wait = wait.is_one_try();
    request_.xact = lock_.parts_.options.xact;
    request_.fencing = lock_.parts_.options.fencing;
}

AcquireOperation::~AcquireOperation() {
    // What was not needed would keep the connection open.
    lock_.prepared_watch_.clear();
}

Action AcquireOperation::start(const Moment& moment) {
    lock_.notice_loss();  // what is known need not be asked
    incarnation_ = lock_.parts_.driver->incarnation();
    if (!request_.no_wait && limit_ < TimePoint::max() - moment.now) {
        request_.deadline = moment.now + limit_;
    }
    SessionRecord& record = *lock_.record_;
    Holds::prepare(record, incarnation_);
    if (moment.transaction == TransactionState::idle) {
        Holds::end_transaction(record);
    }
    // A transaction-level hold ends unseen, with its transaction, and any hold where the client
    // library may reconnect unseen; others are found gone by those who share them.
    questioned_ = Holds::find(record, lock_.name_);
    if (questioned_ == nullptr || (!questioned_->xact && incarnation_ != 0)) {
        questioned_.reset();
        return begin(moment);
    }
    const Step step =
        lock_.parts_.dialect->start(Op::verify, situation_of(moment, questioned_->mode));
    if (step.send != nullptr) {
        return Action{.kind = Action::Kind::send, .statement = step.send};
    }
    lock_.fail(step.error, step.advice, true);
}

Action AcquireOperation::resume(Event event, const Moment& moment) {
    if (acquisition_.has_value()) {
        return proceed(acquisition_->resume(event, moment));
    }
    const Step step = lock_.parts_.dialect->resume(*moment.reply);
    if (step.send != nullptr) {
        return Action{.kind = Action::Kind::send, .statement = step.send};
    }
    if (step.verdict == Verdict::failed) {
        lock_.fail(step.error, step.advice, true);
    }
    if (step.verdict != Verdict::held) {
        Holds::forget(*lock_.record_, questioned_);
    }
    return begin(moment);
}

Action AcquireOperation::begin(const Moment& moment) {
    const LockParts& parts = lock_.parts_;
    lock_.notice_loss();
    if (lock_.state_ == BaseLock::State::locked && lock_.hold_is_gone()) {
        if (parts.options.xact) {
            lock_.forget_hold();
        } else {
            lock_.lose(BaseLock::State::lost);
        }
    }
    if (lock_.state_ == BaseLock::State::locked && incarnation_ != lock_.incarnation_) {
        lock_.lose(BaseLock::State::lost);
    }
    if (lock_.state_ == BaseLock::State::lost) {
        lock_.fail(errc::lock_lost, "it was lost; release or close it before it is taken again");
    }
    before_ = moment.transaction;
    lock_.prepare_watch();
    if (lock_.reenter(request_.mode)) {
        note_hold();
        ++lock_.depth_;
        return Action{.kind = Action::Kind::done};
    }
    hold_ = std::make_shared<Hold>(Hold{.name = lock_.name_,
                                        .mode = request_.mode,
                                        .xact = parts.options.xact,
                                        .counted = parts.options.reentrancy == Reentrancy::counted,
                                        .caller = contender_.caller});
    request_.may_queue = parts.options.local_queue && Holds::holds_nothing(*lock_.record_);
    request_.seed = (incarnation_ * 0x9E3779B97F4A7C15U ^ contender_.caller * 0xBF58476D1CE4E5B9U ^
                     static_cast<std::uint64_t>(moment.now.time_since_epoch().count())) |
                    1U;
    acquisition_.emplace(*parts.dialect, parts.options, request_);
    return proceed(acquisition_->start(moment));
}

Action AcquireOperation::proceed(const Action& action) {
    if (action.kind != Action::Kind::done) {
        return action;
    }
    const LockParts& parts = lock_.parts_;
    if (action.transaction == TransactionState::idle &&
        parts.dialect->locks_end_with_transaction()) {
        // The client does not tell when transactions end; the server did.
        Holds::end_transaction(*lock_.record_);
    }
    switch (action.outcome) {
        case Action::Outcome::acquired:
            break;
        case Action::Outcome::timed_out:
            return action;
        case Action::Outcome::cancelled:
            lock_.fail_cancelled();
        case Action::Outcome::failed:
            if (action.in_doubt) {
                parts.driver->abandon();
                lock_.fail(
                    errc::session_lost,
                    "nobody could tell whether the lock was granted, so the session was closed",
                    true, true);
            }
            lock_.fail_with(
                action.error == errc::cancelled ? NativeError{} : acquisition_->native(),
                action.error, action.advice, lock_.forget_ended_transaction(before_));
    }
    if (parts.driver->incarnation() != incarnation_) {
        abandon();
        lock_.fail(errc::session_changed,
                   "the connection ended or was replaced at the grant, so the session was closed");
    }
    hold_->token = action.token;
    Holds::add(*lock_.record_, hold_);
    lock_.hold_ = std::move(hold_);
    note_hold();
    lock_.depth_ = 1;
    return action;
}

void AcquireOperation::note_hold() {
    lock_.mode_ = request_.mode;
    lock_.token_ = lock_.hold_->token;
    lock_.incarnation_ = incarnation_;
    lock_.taken_in_ = before_;
    lock_.state_ = BaseLock::State::locked;
    lock_.begin_watch();
    held_ = true;
}

void AcquireOperation::abandon() noexcept {
    lock_.spoil_lease();
    lock_.parts_.driver->abandon();
}

}  // namespace dlock::detail
