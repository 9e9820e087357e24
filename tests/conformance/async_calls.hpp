// The operations of <dlock/asio.hpp>, for a caller that waits until they have ended.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/dlock.hpp>

#include <stop_token>
#include <system_error>

namespace dlock_test {

/// Starts an operation on the thread of the suite's io_context and waits for its completion.
///
/// Thread safety: safe; the locks are as safe as BaseLock.
class AsyncCalls {
  public:
    /// What a completion handler was given. A cancelled operation's error is errc::cancelled.
    struct Outcome {
        std::error_code error;
        bool result = false;
    };

    AsyncCalls() = default;
    AsyncCalls(const AsyncCalls&) = delete;
    AsyncCalls& operator=(const AsyncCalls&) = delete;
    virtual ~AsyncCalls() = default;

    [[nodiscard]] virtual Outcome acquire(dlock::BaseLock& lock, dlock::Wait wait,
                                          const std::stop_token& stop) const = 0;
    [[nodiscard]] virtual Outcome acquire_shared(dlock::BaseLock& lock, dlock::Wait wait,
                                                 const std::stop_token& stop) const = 0;
    [[nodiscard]] virtual Outcome try_acquire(dlock::BaseLock& lock) const = 0;
    [[nodiscard]] virtual Outcome release(dlock::BaseLock& lock) const = 0;
    [[nodiscard]] virtual Outcome close(dlock::BaseLock& lock) const = 0;
    [[nodiscard]] virtual Outcome verify(dlock::BaseLock& lock) const = 0;
};

/// The one that there is; nullptr where the library was built without <dlock/asio.hpp>.
[[nodiscard]] const AsyncCalls* async_calls();

}  // namespace dlock_test
