// One question to the server whether a lock is held.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/operation.hpp"
#include "lock_state.hpp"

namespace dlock::detail {

/// Asks the server, if what is known here does not settle it, and notes the answer in the lock.
class VerifyOperation final : public Operation {
  public:
    explicit VerifyOperation(LockState& lock) : lock_(lock) {}

    Action start(const Moment& moment) override;
    Action resume(Event event, const Moment& moment) override;
    void abandon() noexcept override;
    bool held() const noexcept override { return held_; }

  private:
    Action proceed(const Step& step);

    LockState& lock_;
    bool held_ = false;
};

}  // namespace dlock::detail
