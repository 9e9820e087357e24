// The way from other threads to somebody who may be gone.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/detail/async_operation.hpp>

#include <mutex>

namespace dlock::detail {

/// Thread safety: all functions may be called from any thread.
class WakeTarget {
  public:
    /// Nobody is woken.
    WakeTarget() = default;
    explicit WakeTarget(Waker& waker) : waker_(&waker) {}

    void wake() noexcept {
        const std::lock_guard lock(mutex_);
        if (waker_ != nullptr) {
            waker_->wake();
        }
    }

    /// Nobody is woken any more once this has returned.
    void forget() noexcept {
        const std::lock_guard lock(mutex_);
        waker_ = nullptr;
    }

  private:
    std::mutex mutex_;
    Waker* waker_ = nullptr;
};

}  // namespace dlock::detail
