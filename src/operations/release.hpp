// One release of a lock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/operation.hpp"
#include "lock_state.hpp"

namespace dlock::detail {

/// Gives the lock back to the server, if this object's is the last share of it, and notes in the
/// lock what came of it.
class ReleaseOperation final : public Operation {
  public:
    explicit ReleaseOperation(LockState& lock) : lock_(lock) {}

    Action start(const Moment& moment) override;
    Action resume(Event event, const Moment& moment) override;
    void abandon() noexcept override;
    bool held() const noexcept override { return false; }

  private:
    Action ask(Op op, const Moment& moment);
    Action proceed(const Step& step, const Moment& moment);
    Action after_question(const Step& step, const Moment& moment);
    Action give_back(const Moment& moment);
    Action after_release(const Step& step);

    LockState& lock_;
    Op op_ = Op::release;
    TransactionState before_ = TransactionState::unknown;
};

}  // namespace dlock::detail
