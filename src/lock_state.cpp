// SPDX-License-Identifier: BSL-1.0
#include "lock_state.hpp"

#include "async/async_run.hpp"
#include "engine/blocking.hpp"
#include "operations/acquire.hpp"
#include "operations/release.hpp"
#include "operations/verify.hpp"
#include "process.hpp"

#include <exception>
#include <limits>
#include <utility>

namespace dlock::detail {
namespace {

// Sessions compete for a lock if server, key and principal are the same.
std::string lock_name(const LockParts& parts) {
    std::string name = parts.driver->server() + '\n' + parts.actual_key.to_string();
    if (const std::string principal = parts.options.db_principal.value_or(""); !principal.empty()) {
        name += '\n' + principal;
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

LockState::SessionUse::SessionUse(LockState& lock, const std::stop_token& stop) {
    // In a forked child it may have been locked at the fork. Tasks of a virtual world must not
    // block each other, and there are no probes in it.
    if (lock.in_this_process() && lock.has_real_time()) {
        if (!lock.record_->use.lock_unless(stop)) {
            lock.fail_cancelled();
        }
        use_ = std::unique_lock(lock.record_->use, std::adopt_lock);
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
    if (async_link_ != nullptr) {
        const std::lock_guard guard(async_link_->mutex);
        if (async_link_->run != nullptr) {
            async_link_->run->lock_is_gone();
        }
        async_link_->lock = nullptr;
    }
    if (state_ == State::locked) {
        const SessionUse use(*this);
        notice_loss();
    }
    if (state_ == State::lost) {
        spoil_lease();
        unlock();  // which tells the hook
    } else if (!parts_.options.xact) {
        for (unsigned times = depth_; times > 0 && state_ == State::locked; --times) {
            unlock();
        }
    }
    if (state_ != State::unlocked) {
        spoil_lease();
    }
    end_watch();
}

template <class Function>
auto LockState::remember_error(Function function) {
    try {
        return function();
    } catch (const LockError& error) {
        note(error);
        throw;
    }
}

void LockState::note(const LockError& error) {
    last_error_ = error;
    if (error.spoils_session()) {
        spoil_lease();
        end_lost_connection();
    }
}

const std::shared_ptr<AsyncLink>& LockState::async_link() {
    if (async_link_ == nullptr) {
        async_link_ = std::make_shared<AsyncLink>();
        async_link_->lock = this;
    }
    return async_link_;
}

bool LockState::acquire(Mode mode, const Wait& wait, const std::stop_token& stop) {
    return remember_error([&] {
        const SessionUse use(*this, stop);
        AcquireOperation operation(*this, mode, wait, parts_.driver->world().caller());
        if (stop.stop_requested()) {
            fail_cancelled();
        }
        run_blocking(*parts_.driver, operation, stop);
        return operation.held();
    });
}

void LockState::release() {
    remember_error([&] {
        const SessionUse use(*this);
        ReleaseOperation operation(*this);
        run_blocking(*parts_.driver, operation);
    });
}

bool LockState::verify() {
    return remember_error([&] {
        const SessionUse use(*this);
        VerifyOperation operation(*this);
        run_blocking(*parts_.driver, operation);
        return operation.held();
    });
}

void LockState::close() {
    if (has_to_close()) {
        release();
    }
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
    return parts_.driver->attached() && parts_.driver->incarnation() == incarnation_;
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
    if (state() != State::locked || !in_this_process()) {
        return false;
    }
    const std::unique_lock use(record_->use, std::try_to_lock);
    if (!use.owns_lock() || record_->in_use) {
        return true;  // the server is asked at this moment, by another thread perhaps
    }
    return same_session() && !hold_is_gone() &&
           !(parts_.options.xact &&
             (transaction_ended() || parts_.driver->transaction() == TransactionState::failed));
}

BaseLock::State LockState::state() const noexcept {
    const bool told = state_ == State::locked && watch_ != nullptr && watch_->lost();
    return told ? State::lost : state_;
}

void LockState::fail(errc error, const char* advice, bool native, bool transaction_spoilt) const {
    fail_with(native ? parts_.dialect->native() : NativeError{}, error, advice, transaction_spoilt);
}

void LockState::fail_with(const NativeError& native, errc error, const char* advice,
                          bool transaction_spoilt) const {
    throw LockError(error, parts_.capabilities.database + ": " + advice, parts_.key.to_string(),
                    native, transaction_spoilt);
}

void LockState::fail_cancelled() const {
    fail(errc::cancelled, "the wait was cancelled");
}

void LockState::check_usable() const {
    check_process("make a session and a lock of the child's own after a fork");
    if (!parts_.driver->attached()) {
        fail(errc::session_changed, "the session was closed, moved away or reconnected");
    }
    check_idle();
}

void LockState::check_process(const char* advice) const {
    if (!in_this_process()) {
        fail(errc::wrong_process, advice);
    }
}

void LockState::check_idle() const {
    if (record_->in_use) {
        fail(errc::session_busy,
             "an asynchronous operation is under way on the session; wait for its end");
    }
}

bool LockState::hold_is_gone() const noexcept {
    return hold_ != nullptr && Holds::is_gone(*hold_);
}

// The server does not hold the lock any more, for none of those who share the hold.
void LockState::lose(State state) noexcept {
    if (watch_ != nullptr) {
        watch_->lose();
    }
    const std::shared_ptr<LossWatch> told = watch_;
    forget_hold();
    state_ = state;
    if (state == State::lost) {
        watch_ = told;
        // The connection may be dead, and a later release does not look at it any more.
        spoil_lease();
    }
    end_lost_connection();
}

// If the client library has closed the connection by itself, without a word to the server: the
// descriptors of watches would keep it open, and to the server its session would live, and be
// granted what it waits for.
void LockState::end_lost_connection() noexcept {
    const std::uint64_t lost = record_->incarnation;
    if (!in_this_process() || !parts_.driver->attached() || lost == 0 ||
        parts_.driver->incarnation() == lost) {
        return;
    }
    try {
        LossWatcher::instance().end_connection(lost);
    } catch (...) {
        // There is no watcher, so there are no watches.
    }
}

// The hold has ended with its transaction, or is lost.
void LockState::forget_hold() noexcept {
    if (hold_ != nullptr) {
        Holds::forget(*record_, hold_);
    }
    end_hold();
}

// This lock does not have the hold any more.
void LockState::end_hold() noexcept {
    end_watch();
    watch_.reset();
    hold_.reset();
    depth_ = 0;
    state_ = State::unlocked;
}

void LockState::spoil_lease() noexcept {
    if (lease_ != nullptr) {
        lease_->spoil();
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
    if (!counted || hold->mode != mode || hold->xact != parts_.options.xact ||
        hold->token.has_value() != parts_.options.fencing) {
        fail(errc::already_locked,
             counted ? "the session holds the key in another mode or scope, or with other fencing"
                     : "the session holds the key; release it first, or use Reentrancy::counted");
    }
    Holds::join(*hold);
    hold_ = hold;
    return true;
}

}  // namespace dlock::detail
