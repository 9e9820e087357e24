// What a lock and the asynchronous operation on it know of each other.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mutex>

namespace dlock::detail {

class AsyncRun;
class LockState;

/// Shared by the lock and its operations; whichever ends first says so here.
struct AsyncLink {
    std::mutex mutex;
    /// Null when the lock is gone.
    LockState* lock = nullptr;
    /// The operation that is under way; null if there is none.
    AsyncRun* run = nullptr;
};

}  // namespace dlock::detail
