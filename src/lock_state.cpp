// SPDX-License-Identifier: BSL-1.0
#include "lock_state.hpp"

#include "process.hpp"

#include <exception>
#include <limits>
#include <utility>

namespace dlock::detail {
namespace {

// Sessions compete for a lock if server, key and principal are the same.
std::string lock_name(const LockParts& parts) {
    std::string name = parts.driver->server() + '\n' + parts.actual_key.to_string();
    if (!parts.options.db_principal.empty()) {
        name += '\n' + parts.options.db_principal;
    }
    return name;
}

}  // namespace

Lease::~Lease() {
    if (!spoilt_) {
        return;
    }
    try {
        session_.reconnect();
    } catch (...) {
        // The server cannot be had; the pool's next user finds the session closed.
    }
}

LockState::LockState(LockParts parts, std::unique_ptr<Lease> lease)
    : lease_(std::move(lease)),
      parts_(std::move(parts)),
      name_(lock_name(parts_)),
      record_(Holds::record(parts_.driver->handle())),
      process_(current_process()) {}

LockState::~LockState() {
    if (!in_this_process()) {
        // The parent's connection: nothing may be sent on it, not even the goodbye of a pool.
        (void)lease_.release();
        return;
    }
    if (state_ == State::locked && !parts_.options.xact) {
        unlock();
    }
    if (state_ != State::unlocked) {
        spoil_lease();
    }
}

template <class Function>
auto LockState::remember_error(Function function) {
    try {
        return function();
    } catch (const LockError& error) {
        last_error_ = error;
        if (error.spoils_session()) {
            spoil_lease();
        }
        throw;
    }
}

bool LockState::acquire(Mode mode, const Wait& wait, const std::stop_token& stop) {
    return remember_error([&] { return run_acquire(mode, wait, stop); });
}

void LockState::release() {
    remember_error([&] { run_release(); });
}

bool LockState::verify() {
    return remember_error([&] { return run_verify(); });
}

void LockState::close() {
    if (state_ == State::unlocked || (state_ == State::locked && parts_.options.xact)) {
        return;
    }
    release();
}

void LockState::unlock() noexcept {
    try {
        if (state_ == State::locked && parts_.options.xact) {
            return;
        }
        release();
    } catch (const LockError& error) {
        try {
            if (parts_.options.on_error) {
                parts_.options.on_error(error);
            }
        } catch (...) {
            // The hook has nobody to report to either.
        }
    } catch (...) {
        // Out of memory while the error was made: there is nothing left to report with.
    }
}

bool LockState::in_this_process() const noexcept {
    return current_process() == process_;
}

bool LockState::same_session() const noexcept {
    return parts_.driver->attached() && parts_.driver->identity() == identity_;
}

// True if a transaction-level lock is known to have ended, without asking the server: no
// transaction is open, or the client knew of the one that the lock was taken in and knows of none
// now.
bool LockState::transaction_ended() const noexcept {
    const TransactionState now = parts_.driver->transaction();
    return now == TransactionState::idle ||
           (now == TransactionState::unknown && taken_in_ == TransactionState::active);
}

bool LockState::locked() const noexcept {
    return state_ == State::locked && in_this_process() && same_session() && !hold_is_gone() &&
           !(parts_.options.xact &&
             (transaction_ended() || parts_.driver->transaction() == TransactionState::failed));
}

void LockState::fail(errc error, const char* advice, bool native, bool transaction_spoilt) const {
    throw LockError(error, parts_.capabilities.database + ": " + advice, parts_.key.to_string(),
                    native ? parts_.dialect->native() : NativeError{}, transaction_spoilt);
}

void LockState::check_usable() const {
    if (!in_this_process()) {
        fail(errc::wrong_process, "make a session and a lock of the child's own after a fork");
    }
    if (!parts_.driver->attached()) {
        fail(errc::session_changed, "the session was closed, moved away or reconnected");
    }
}

bool LockState::hold_is_gone() const noexcept {
    return hold_ != nullptr && Holds::is_gone(*hold_);
}

// The server does not hold the lock any more, for none of those who share the hold.
void LockState::lose(State state) noexcept {
    if (hold_ != nullptr) {
        Holds::forget(*record_, hold_);
        hold_.reset();
    }
    depth_ = 0;
    state_ = state;
    if (state == State::lost) {
        // The connection may be dead, and a later release does not look at it any more.
        spoil_lease();
    }
}

void LockState::spoil_lease() noexcept {
    if (lease_ != nullptr) {
        lease_->spoil();
    }
}

bool LockState::ask_held(Mode mode) {
    const Step step = run_blocking(*parts_.driver, *parts_.dialect, Op::verify, mode);
    if (step.verdict == Verdict::failed) {
        fail(step.error, step.advice, true);
    }
    return step.verdict == Verdict::held;
}

// A transaction-level hold ends unseen, with its transaction; others are found gone by those who
// share them.
void LockState::drop_ended_holds(std::uint64_t identity) {
    Holds::prepare(*record_, identity);
    if (parts_.driver->transaction() == TransactionState::idle) {
        Holds::end_transaction(*record_);
    }
    const auto hold = Holds::find(*record_, name_);
    if (hold != nullptr && hold->xact && !ask_held(hold->mode)) {
        Holds::forget(*record_, hold);
    }
    if (state_ == State::locked && hold_is_gone()) {
        lose(parts_.options.xact ? State::unlocked : State::lost);
    }
}

// True if the transaction of before an operation did not survive it: it failed on the way, or had
// failed and was rolled back to let a release through. What it held is free, or soon will be.
bool LockState::forget_ended_transaction(TransactionState before) {
    const bool ended = before == TransactionState::failed ||
                       (before == TransactionState::active &&
                        parts_.driver->transaction() != TransactionState::active);
    if (ended) {
        Holds::end_transaction(*record_);
    }
    return ended;
}

// True if the session holds the key already and may take it once more.
bool LockState::reenter(Mode mode) {
    const auto hold = Holds::find(*record_, name_);
    if (hold == nullptr) {
        return false;
    }
    const bool counted = parts_.options.reentrancy == Reentrancy::counted && hold->counted;
    if (!counted || hold->mode != mode || hold->xact != parts_.options.xact) {
        fail(errc::already_locked,
             counted ? "the session holds the key in another mode or scope"
                     : "the session holds the key; release it first, or use Reentrancy::counted");
    }
    Holds::join(*hold);
    hold_ = hold;
    return true;
}

bool LockState::run_acquire(Mode mode, const Wait& wait, const std::stop_token& stop) {
    check_usable();
    if (!parts_.capabilities.modes.contains(mode)) {
        fail(errc::not_supported, "there is no shared mode");
    }
    if (stop.stop_requested()) {
        fail(errc::cancelled, "a stop was requested");
    }
    Driver& driver = *parts_.driver;
    const std::uint64_t identity = driver.identity();
    drop_ended_holds(identity);
    if (state_ == State::locked && identity != identity_) {
        lose(State::lost);
    }
    if (state_ == State::lost) {
        fail(errc::lock_lost, "it was lost; release or close it before it is taken again");
    }
    const TransactionState before = driver.transaction();
    if (reenter(mode)) {
        mode_ = mode;
        identity_ = identity;
        taken_in_ = before;
        state_ = State::locked;
        ++depth_;
        return true;
    }

    auto hold =
        std::make_shared<Hold>(Hold{.name = name_,
                                    .mode = mode,
                                    .xact = parts_.options.xact,
                                    .counted = parts_.options.reentrancy == Reentrancy::counted,
                                    .caller = driver.world().caller()});
    AcquireRequest request{.mode = mode, .no_wait = wait.is_one_try(), .xact = parts_.options.xact};
    request.may_queue = parts_.options.local_queue && Holds::holds_nothing(*record_);
    const TimePoint now = driver.world().now();
    request.seed = (identity * 0x9E3779B97F4A7C15U ^ hold->caller * 0xBF58476D1CE4E5B9U ^
                    static_cast<std::uint64_t>(now.time_since_epoch().count())) |
                   1U;
    if (!wait.is_one_try() && !wait.is_forever() && wait.limit() < TimePoint::max() - now) {
        request.deadline = now + wait.limit();
    }

    Action end;
    try {
        end = run_blocking(driver, *parts_.dialect, parts_.options, request,
                           {.name = name_, .record = *record_}, stop);
    } catch (...) {
        // Out of memory on the way: nobody knows whether the lock was granted.
        driver.abandon();
        throw;
    }
    if (end.transaction == TransactionState::idle &&
        parts_.dialect->locks_end_with_transaction()) {
        // The client does not tell when transactions end; the server did.
        Holds::end_transaction(*record_);
    }
    switch (end.outcome) {
        case Action::Outcome::acquired:
            break;
        case Action::Outcome::timed_out:
            return false;
        case Action::Outcome::cancelled:
            fail(errc::cancelled, "a stop was requested");
        case Action::Outcome::failed:
            if (end.in_doubt) {
                driver.abandon();
                fail(errc::session_lost,
                     "nobody could tell whether the lock was granted, so the session was closed",
                     true, true);
            }
            fail(end.error, end.advice, end.error != errc::cancelled,
                 forget_ended_transaction(before));
    }
    Holds::add(*record_, hold);
    hold_ = std::move(hold);
    mode_ = mode;
    identity_ = identity;
    taken_in_ = before;
    depth_ = 1;
    state_ = State::locked;
    return true;
}

void LockState::run_release() {
    if (!in_this_process()) {
        fail(errc::wrong_process, "a forked child cannot release its parent's lock");
    }
    if (state_ == State::unlocked) {
        fail(errc::not_locked, "release of a lock that is not held");
    }
    if (state_ == State::lost) {
        state_ = State::unlocked;
        fail(errc::lock_lost, "it was lost before it was released");
    }
    if (!same_session()) {
        lose(State::unlocked);
        fail(errc::lock_lost, "the session was closed or reconnected while the lock was held");
    }
    if (parts_.options.xact &&
        (transaction_ended() || hold_is_gone() ||
         (parts_.driver->transaction() == TransactionState::unknown && !ask_held(mode_)))) {
        lose(State::unlocked);
        return;
    }
    if (hold_is_gone()) {
        lose(State::unlocked);
        fail(errc::lock_lost, "another lock that shares it found that it was lost");
    }
    if (depth_ > 1 || Holds::count(*hold_) > 1) {
        (void)Holds::leave(*record_, hold_);
        if (--depth_ == 0) {
            hold_.reset();
            state_ = State::unlocked;
        }
        return;
    }
    const TransactionState before = parts_.driver->transaction();
    const Step step = run_blocking(*parts_.driver, *parts_.dialect, Op::release, mode_);
    const bool ended = forget_ended_transaction(before);
    if (step.verdict == Verdict::released) {
        (void)Holds::leave(*record_, hold_);
        hold_.reset();
        depth_ = 0;
        state_ = State::unlocked;
        if (ended && before == TransactionState::active) {
            fail(errc::transaction_failed,
                 "the lock was given back, but the release was interrupted on the server, and the "
                 "transaction failed with it",
                 true, true);
        }
        return;
    }
    if (step.error == errc::held_by_transaction || step.error == errc::session_busy) {
        fail(step.error, step.advice);  // nothing was sent, and the lock is still held
    }
    lose(State::unlocked);
    if (step.in_doubt) {
        parts_.driver->abandon();
        fail(errc::session_lost, "the lock could not be given back, so the session was closed",
             true, true);
    }
    fail(step.error, step.advice, step.error != errc::lock_lost,
         ended && before == TransactionState::active);
}

bool LockState::run_verify() {
    if (state_ != State::locked) {
        return false;
    }
    if (!in_this_process()) {
        fail(errc::wrong_process, "a forked child cannot ask for its parent's lock");
    }
    if (!same_session() || (hold_is_gone() && !parts_.options.xact)) {
        lose(State::lost);
        return false;
    }
    if (parts_.options.xact && (transaction_ended() || hold_is_gone())) {
        lose(State::unlocked);
        return false;
    }
    const Step step = run_blocking(*parts_.driver, *parts_.dialect, Op::verify, mode_);
    if (step.verdict == Verdict::held) {
        return true;
    }
    if (step.verdict == Verdict::failed && step.error != errc::session_lost) {
        fail(step.error, step.advice, true);
    }
    lose(parts_.options.xact && step.verdict == Verdict::not_held ? State::unlocked : State::lost);
    return false;
}

}  // namespace dlock::detail
