// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/recorded_lock.hpp"

#include <utility>

namespace dlock_test {
namespace {

// Calls `function` and keeps its error.
template <class Function>
Answer answer_of(Function function) {
    try {
        return {function()};
    } catch (const dlock::LockError& error) {
        return {false, error};
    }
}

}  // namespace

std::string Answer::text() const {
    if (error) {
        return error->code().message() + " (" + error->native_message() + ")";
    }
    return yes ? "yes" : "no";
}

RecordedLock::RecordedLock(History& history, Ledger& ledger, std::unique_ptr<dlock::BaseLock> lock)
    : history_(history), ledger_(ledger), owner_(history.new_owner()), lock_(std::move(lock)) {}

Answer RecordedLock::acquire(Operation operation, dlock::Wait wait, const std::stop_token& stop) {
    Record& record = history_.begin(operation, owner_, wait.limit());
    const Answer answer = answer_of([&] {
        return operation == Operation::acquire ? lock_->acquire(wait, stop)
                                               : lock_->acquire_shared(wait, stop);
    });
    if (!answer.error) {
        History::end(record, answer.yes ? Outcome::yes : Outcome::no);
    } else if (answer.error->spoils_session()) {
        History::end(record, Outcome::open);  // it may have been granted before
        history_.drop(owner_);
    } else {
        History::end(record, Outcome::failed);
    }
    if (answer.yes && operation == Operation::acquire) {
        ledger_.enter(owner_);
        inside_ = true;
    }
    return answer;
}

Answer RecordedLock::release() {
    leave();
    Record& record = history_.begin(Operation::release, owner_);
    const Answer answer = answer_of([&] {
        lock_->release();
        return true;
    });
    if (answer.yes) {
        History::end(record, Outcome::yes);
    } else if (answer.is(dlock::errc::lock_lost) || answer.is(dlock::errc::session_changed)) {
        History::end(record, Outcome::no);
    } else {
        History::end(record, Outcome::open);
        history_.drop(owner_);  // the server may do it yet
    }
    return answer;
}

Answer RecordedLock::verify() {
    Record& record = history_.begin(Operation::verify, owner_);
    const Answer answer = answer_of([&] { return lock_->verify(); });
    History::end(record, answer.error ? Outcome::failed : answer.yes ? Outcome::yes : Outcome::no);
    return answer;
}

void RecordedLock::destroy() {
    leave();
    history_.drop(owner_);
    lock_.reset();
}

void RecordedLock::leave() {
    if (inside_) {
        ledger_.leave(owner_);
        inside_ = false;
    }
}

}  // namespace dlock_test
