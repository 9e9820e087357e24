// One acquire of a lock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/operation.hpp"
#include "lock_state.hpp"

#include <dlock/wait.hpp>

#include <optional>

namespace dlock::detail {

/// Finds out what the session holds already, then runs an Acquisition and notes its outcome in the
/// lock.
class AcquireOperation final : public Operation {
  public:
    /// `caller` as in Contender. Throws LockError if the lock cannot be acquired at all; nothing is
    /// sent.
    AcquireOperation(LockState& lock, Mode mode, const Wait& wait, std::size_t caller);
    AcquireOperation(const AcquireOperation&) = delete;
    AcquireOperation& operator=(const AcquireOperation&) = delete;
    ~AcquireOperation() override;

    Action start(const Moment& moment) override;
    Action resume(Event event, const Moment& moment) override;
    void abandon() noexcept override;
    bool may_hold() const noexcept override {
        return acquisition_.has_value() && acquisition_->may_hold();
    }
    bool held() const noexcept override { return held_; }
    const Contender* contender() const noexcept override {
        return request_.no_wait ? nullptr : &contender_;
    }
    void wait_in_short_slices() noexcept override { request_.short_slices = true; }

  private:
    Action begin(const Moment& moment);
    Action proceed(const Action& action);
    void note_hold();

    LockState& lock_;
    Contender contender_;
    AcquireRequest request_;
    Duration limit_;
    /// A hold on the key that may have ended with its transaction: the server is asked.
    std::shared_ptr<Hold> questioned_;
    std::shared_ptr<Hold> hold_;
    std::uint64_t incarnation_ = 0;
    TransactionState before_ = TransactionState::unknown;
    std::optional<Acquisition> acquisition_;
    bool held_ = false;
};

}  // namespace dlock::detail
