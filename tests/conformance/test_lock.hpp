// The lock that the cases use, by whatever road.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/async_calls.hpp"
#include "conformance/road.hpp"

#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>
#include <utility>

namespace dlock_test {

/// A BaseLock whose operations are called as the road wants it: as they are, or their asynchronous
/// twins, the caller waiting for the completion.
///
/// On the asynchronous road an error is thrown as the LockError of last_error(), which must be
/// there and have the completion's code. What never waits is BaseLock's own on both roads; so are
/// unlock() and the destructor, which have no asynchronous twins.
class TestLock {
  public:
    TestLock(std::unique_ptr<dlock::BaseLock> lock, Road road);

    void lock();
    [[nodiscard]] bool try_lock();
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& duration) {
        return async_ == nullptr ? lock_->try_lock_for(duration) : acquire(dlock::Wait(duration));
    }
    template <class Clock, class D>
    [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, D>& deadline) {
        return async_ == nullptr ? lock_->try_lock_until(deadline)
                                 : acquire(dlock::Wait(dlock::detail::time_until(deadline)));
    }
    void unlock() noexcept { lock_->unlock(); }

    void lock_shared();
    [[nodiscard]] bool try_lock_shared();
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& duration) {
        return async_ == nullptr ? lock_->try_lock_shared_for(duration)
                                 : acquire_shared(dlock::Wait(duration));
    }
    template <class Clock, class D>
    [[nodiscard]] bool try_lock_shared_until(const std::chrono::time_point<Clock, D>& deadline) {
        return async_ == nullptr ? lock_->try_lock_shared_until(deadline)
                                 : acquire_shared(dlock::Wait(dlock::detail::time_until(deadline)));
    }
    void unlock_shared() noexcept { lock_->unlock_shared(); }

    [[nodiscard]] bool acquire(dlock::Wait wait = dlock::forever, const std::stop_token& stop = {});
    [[nodiscard]] bool acquire(dlock::Wait wait, const std::stop_token& stop,
                               std::error_code& error);
    [[nodiscard]] bool acquire(dlock::Wait wait, std::error_code& error);
    [[nodiscard]] bool acquire_shared(dlock::Wait wait = dlock::forever,
                                      const std::stop_token& stop = {});
    [[nodiscard]] bool acquire_shared(dlock::Wait wait, const std::stop_token& stop,
                                      std::error_code& error);
    void release();
    void release(std::error_code& error);
    void close();
    void close(std::error_code& error);
    [[nodiscard]] bool verify();
    [[nodiscard]] bool verify(std::error_code& error);

    void on_lost(std::function<void(const dlock::LockError&)> handler) {
        lock_->on_lost(std::move(handler));
    }
    [[nodiscard]] std::stop_token lost_token() { return lock_->lost_token(); }

    [[nodiscard]] bool locked() const noexcept { return lock_->locked(); }
    [[nodiscard]] std::optional<std::int64_t> fencing_token() const noexcept {
        return lock_->fencing_token();
    }
    [[nodiscard]] dlock::BaseLock::State state() const noexcept { return lock_->state(); }
    [[nodiscard]] const dlock::Key& key() const noexcept { return lock_->key(); }
    [[nodiscard]] const dlock::ActualKey& actual_key() const noexcept {
        return lock_->actual_key();
    }
    [[nodiscard]] const dlock::LockOptions& options() const noexcept { return lock_->options(); }
    [[nodiscard]] const dlock::Capabilities& capabilities() const noexcept {
        return lock_->capabilities();
    }
    [[nodiscard]] std::optional<dlock::LockError> last_error() const { return lock_->last_error(); }
    [[nodiscard]] int descriptor() const noexcept { return lock_->descriptor(); }

  private:
    [[nodiscard]] bool result_of(const AsyncCalls::Outcome& outcome) const;

    std::unique_ptr<dlock::BaseLock> lock_;
    const AsyncCalls* async_;  // nullptr on the blocking road
};

/// As dlock::create_lock(), by the road.
[[nodiscard]] std::unique_ptr<TestLock> make_lock(Road road, soci::session& session,
                                                  const dlock::Key& key,
                                                  dlock::LockOptions options = {});
[[nodiscard]] std::unique_ptr<TestLock> make_lock(Road road, soci::connection_pool& pool,
                                                  const dlock::Key& key,
                                                  dlock::LockOptions options = {});

}  // namespace dlock_test
