// A session with a lock whose calls are recorded, and checked as they return.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/recorded_lock.hpp"
#include "faults/harness/trial.hpp"

#include <dlock/dlock.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>

namespace dlock_test {

/// How long a call may take beyond its own limit; far more than any should, so that a busy machine
/// is no violation.
inline constexpr std::chrono::seconds slack{10};

class Client {
  public:
    explicit Client(Trial& trial, dlock::LockOptions options = {});
    /// By another way than the trial's database: through a gate, or with more parameters.
    Client(Trial& trial, const Database& through, dlock::LockOptions options = {});
    /// Gives the lock back, if it can, and closes the session. Nothing must be left in it.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] soci::session& session() { return *session_; }
    [[nodiscard]] dlock::BaseLock& lock() { return lock_->lock(); }
    /// The server's number of the session, as it was at the beginning.
    [[nodiscard]] long long session_id() const { return session_id_; }

    Answer acquire(dlock::Wait wait = std::chrono::seconds(30), const std::stop_token& stop = {});
    Answer acquire_shared(dlock::Wait wait = std::chrono::seconds(30));
    /// Acquires on a thread of its own.
    [[nodiscard]] std::future<Answer> acquire_in_thread(dlock::Wait wait = std::chrono::seconds(30),
                                                        const std::stop_token& stop = {});
    Answer release();
    Answer verify();
    /// Acquires, and must be granted.
    void must_acquire(dlock::Wait wait = std::chrono::seconds(30));
    void must_release();

    /// To be called before anything is done that may take the lock away: the one that is held, or
    /// else the next.
    void may_be_dropped();
    /// Waits until the server has taken it away.
    void until_gone() { trial_.until_gone(session_id_, lock_->owner()); }
    /// The session has ended, or lost its lock: the client must find out, by release alone or by
    /// verify first, as the trial's seed has it. The one place that says how a loss is detected.
    void must_find_the_loss();

  private:
    Answer acquire(Operation operation, dlock::Wait wait, const std::stop_token& stop);
    void check_session(const Answer& answer, std::optional<int> holdings);

    Trial& trial_;
    std::unique_ptr<soci::session> session_;
    long long session_id_ = 0;
    std::unique_ptr<RecordedLock> lock_;
    std::atomic<bool> doubtful_{false};  // whether the server has what the client believes in
};

/// Somebody else must be able to take the lock now, within a time that no fault's bound exceeds;
/// notes how long after the fault that was.
void must_be_reacquired(Trial& trial);

}  // namespace dlock_test
