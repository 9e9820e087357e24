// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"

#include <utility>

namespace dlock_test {
Client::Client(Trial& trial, dlock::LockOptions options)
    : Client(trial, trial.database(), std::move(options)) {}

Client::Client(Trial& trial, const Database& through, dlock::LockOptions options)
    : trial_(trial), session_(through.open()) {
    if (!through.is_sqlite()) {
        session_id_ = trial.view().session_id(*session_);
    }
    lock_ = std::make_unique<RecordedLock>(
        trial.history(), trial.ledger(),
        dlock::create_lock(*session_, trial.key(), trial.column().vouch(std::move(options))));
    trial.set_actual_key(lock().actual_key());
}

Client::~Client() {
    lock_->destroy();
    try {
        if (!doubtful_ && session_id_ != 0) {
            trial_.server_must_say(session_id_, 0, "at its end");
        }
    } catch (const soci::soci_error& error) {
        trial_.check(false, std::string("the server cannot be asked: ") + error.what());
    }
}

void Client::may_be_dropped() {
    doubtful_ = true;
    lock_->may_be_dropped();
}

Answer Client::acquire(dlock::Wait wait, const std::stop_token& stop) {
    return acquire(Operation::acquire, wait, stop);
}

Answer Client::acquire_shared(dlock::Wait wait) {
    return acquire(Operation::acquire_shared, wait, {});
}

Answer Client::acquire(Operation operation, dlock::Wait wait, const std::stop_token& stop) {
    const auto begin = Clock::now();
    const Answer answer = lock_->acquire(operation, wait, stop);
    const auto took = Clock::now() - begin;
    trial_.check(answer.error || answer.yes || took >= wait.limit(),
                 "I4: an acquire gave up too early");
    if (!wait.is_forever()) {
        trial_.check(took <= wait.limit() + slack, "I11: an acquire returned far too late");
    }
    trial_.check(lock().locked() == answer.yes,
                 "an acquire said " + answer.text() + ", and locked() says otherwise");
    check_session(answer, answer.yes ? 1 : 0);
    return answer;
}

std::future<Answer> Client::acquire_in_thread(dlock::Wait wait, const std::stop_token& stop) {
    return std::async(std::launch::async, [this, wait, stop] { return acquire(wait, stop); });
}

Answer Client::release() {
    const auto begin = Clock::now();
    const Answer answer = lock_->release();
    trial_.check(Clock::now() - begin <= slack, "I11: a release returned far too late");
    if (answer.yes || answer.is(dlock::errc::lock_lost)) {
        doubtful_ = false;
    }
    check_session(answer, answer.yes ? std::optional(0) : std::nullopt);
    return answer;
}

Answer Client::verify() {
    const auto begin = Clock::now();
    const Answer answer = lock_->verify();
    trial_.check(Clock::now() - begin <= slack, "I11: a verify returned far too late");
    trial_.saw(answer.error ? answer.error->code() : std::error_code());
    return answer;
}

// I3, I8: the server says of the session what the client was told, and after an error the session
// is usable, unless the error says that it is not.
void Client::check_session(const Answer& answer, std::optional<int> holdings) {
    trial_.saw(answer.error ? answer.error->code() : std::error_code());
    if (answer.error && answer.error->spoils_session()) {
        doubtful_ = true;
        return;
    }
    if (answer.is(dlock::errc::lock_lost) || answer.is(dlock::errc::session_changed)) {
        return;
    }
    if (holdings && session_id_ != 0 && !doubtful_) {
        trial_.server_must_say(session_id_, *holdings, "after an answer: " + answer.text());
    }
    if (!answer.error) {
        return;
    }
    try {
        int one = 0;
        *session_ << "select 1", soci::into(one);
    } catch (const soci::soci_error& error) {
        trial_.check(false, "I8: after " + answer.text() + " the session fails: " + error.what());
    }
}

void Client::must_acquire(dlock::Wait wait) {
    const Answer answer = acquire(wait);
    trial_.need(answer.yes, "an acquire that must be granted: " + answer.text());
}

void Client::must_release() {
    const Answer answer = release();
    trial_.check(answer.yes, "a release that must succeed: " + answer.text());
}

void Client::must_find_the_loss() {
    const bool ask_first = trial_.random(1) == 0;
    if (ask_first) {
        const Answer verified = verify();
        trial_.check(!verified.yes, "I6: verify believes in a lock that is lost");
        trial_.check(!verified.error, "I10: verify of a lost lock: " + verified.text());
        trial_.detected();
        trial_.check(!lock().locked(), "I6: locked() after the loss was found");
    }
    const Answer released = release();
    trial_.check(!released.yes, "I6: the release of a lost lock reports success");
    trial_.check(released.is(dlock::errc::lock_lost) ||
                     (!ask_first && released.is(dlock::errc::session_lost)),
                 "I10: the release of a lost lock: " + released.text());
    if (!ask_first) {
        trial_.detected();
    }
    trial_.check(!lock().locked(), "I6: locked() after the release of a lost lock");
}

void must_be_reacquired(Trial& trial) {
    Client contender(trial);
    const Answer answer = contender.acquire();
    trial.need(answer.yes, "I5: nobody else can take the lock: " + answer.text());
    trial.reacquired();
    contender.must_release();
}

}  // namespace dlock_test
