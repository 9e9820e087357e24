// A lock whose calls are written into the history, and whose holders stand in the ledger.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/history.hpp"
#include "support/ledger.hpp"

#include <dlock/dlock.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace dlock_test {

/// What a call gave.
struct Answer {
    bool yes = false;
    std::optional<dlock::LockError> error{};

    [[nodiscard]] bool is(dlock::errc code) const { return error && error->which() == code; }
    /// "yes", "no", or the error.
    [[nodiscard]] std::string text() const;
};

class RecordedLock {
  public:
    RecordedLock(History& history, Ledger& ledger, std::unique_ptr<dlock::BaseLock> lock);

    [[nodiscard]] dlock::BaseLock& lock() { return *lock_; }
    [[nodiscard]] int owner() const { return owner_; }
    /// The lock is not recorded any more.
    [[nodiscard]] std::unique_ptr<dlock::BaseLock> give_away() { return std::move(lock_); }

    Answer acquire(Operation operation, dlock::Wait wait, const std::stop_token& stop = {});
    Answer release();
    Answer verify();
    /// From now on the server may take the lock away: the one that is held, or else the next.
    void may_be_dropped() {
        history_.drop(owner_);
        ledger_.declare_dead(owner_);
    }
    /// Destroys the lock: it is given back, if it can be.
    void destroy();

  private:
    void leave();

    History& history_;
    Ledger& ledger_;
    const int owner_;
    bool inside_ = false;  // the ledger
    std::unique_ptr<dlock::BaseLock> lock_;
};

}  // namespace dlock_test
