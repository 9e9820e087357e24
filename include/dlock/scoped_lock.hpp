// A lock held for a scope.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/base_lock.hpp>
#include <dlock/export.hpp>
#include <dlock/factory.hpp>

#include <memory>
#include <stop_token>

namespace dlock {

/// Makes a lock and holds it until the end of the scope.
///
/// A transaction-level lock is left to its transaction at the end of the scope.
///
/// Thread safety: as BaseLock.
class DLOCK_EXPORT ScopedLock {
  public:
    /// Makes the lock and waits for it as long as `options.timeout` says (unset: without limit;
    /// zero or negative: one try).
    ///
    /// Throws LockError: `timed_out`, whose text names the key; all that create_lock() and
    /// BaseLock::acquire() throw. Exception safety: strong.
    ScopedLock(soci::session& session, const Key& key, LockOptions options = {},
               const std::stop_token& stop = {});
    /// As above, on a session leased from the pool.
    ScopedLock(soci::connection_pool& pool, const Key& key, LockOptions options = {},
               const std::stop_token& stop = {});

    ScopedLock(const ScopedLock&) = delete;
    ScopedLock& operator=(const ScopedLock&) = delete;

    /// Releases the lock; errors go to LockOptions::on_error. Never hides an exception that is
    /// under way.
    ~ScopedLock();

    /// Releases before the end of the scope, and reports as BaseLock::release(). The destructor
    /// then does nothing.
    void release();

    /// The lock itself.
    [[nodiscard]] BaseLock& lock() noexcept { return *lock_; }
    [[nodiscard]] const BaseLock& lock() const noexcept { return *lock_; }

  private:
    void acquire(const std::stop_token& stop);

    std::unique_ptr<BaseLock> lock_;
};

}  // namespace dlock
