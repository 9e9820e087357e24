// A lock held for the scope of a coroutine.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/asio/operations.hpp>
#include <dlock/detail/current_error.hpp>
#include <dlock/factory.hpp>
#include <dlock/options.hpp>

#include <boost/asio/compose.hpp>

#include <memory>
#include <utility>

namespace dlock {

/// A lock that was acquired by async_scoped_lock() and is released at the end of the scope.
///
/// `co_await guard.release()` releases without blocking. The destructor releases, too, if that was
/// not done: it blocks for one round trip, and errors go to LockOptions::on_error. Destroyed while
/// its release() is under way, it closes the session, which frees the lock as well.
///
/// A transaction-level lock is left to its transaction.
///
/// Thread safety: as BaseLock.
class AsyncScopedLock {
  public:
    /// Holds nothing.
    AsyncScopedLock() noexcept = default;
    /// Precondition: `lock` is held.
    explicit AsyncScopedLock(std::unique_ptr<BaseLock> lock) noexcept : lock_(std::move(lock)) {}

    AsyncScopedLock(AsyncScopedLock&&) noexcept = default;
    AsyncScopedLock& operator=(AsyncScopedLock&&) noexcept = default;
    ~AsyncScopedLock() = default;

    /// True if there is a lock: the guard came from a successful async_scoped_lock().
    [[nodiscard]] explicit operator bool() const noexcept { return lock_ != nullptr; }

    /// The lock itself. Precondition: there is one.
    [[nodiscard]] BaseLock& lock() noexcept { return *lock_; }
    [[nodiscard]] const BaseLock& lock() const noexcept { return *lock_; }

    /// Releases without blocking, as async_release(). Precondition: there is a lock.
    template <detail::PlainToken Token = boost::asio::deferred_t>
    auto release(Token&& token = Token()) {
        return async_release(*lock_, std::forward<Token>(token));
    }

  private:
    std::unique_ptr<BaseLock> lock_;
};

namespace detail {

/// Makes a lock and acquires it.
template <class Executor>
class AcquireScoped {
  public:
    AcquireScoped(const Executor& executor, soci::session& session, Key key, LockOptions options)
        : executor_(executor),
          session_(&session),
          key_(std::move(key)),
          options_(std::move(options)) {}

    template <class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(net::enable_total_cancellation());
        const Executor executor = executor_;  // `self`, which is moved, is its owner
        const Wait wait = options_.timeout.has_value() ? Wait(*options_.timeout) : forever;
        boost::system::error_code refused;
        try {
            lock_ = create_lock(*session_, key_, std::move(options_));
        } catch (...) {
            refused = current_error();
        }
        if (refused) {
            // Not inside the initiating function.
            net::post(net::append(std::move(self), refused, false));
            return;
        }
        BaseLock& lock = *lock_;
        async_acquire(executor, lock, wait, std::move(self));
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code error, bool held) {
        if (!error && !held) {
            error = errc::timed_out;
        }
        self.complete(error, error ? AsyncScopedLock() : AsyncScopedLock(std::move(lock_)));
    }

  private:
    Executor executor_;
    soci::session* session_;
    Key key_;
    LockOptions options_;
    std::unique_ptr<BaseLock> lock_;
};

using GuardSignature = void(boost::system::error_code, AsyncScopedLock);

template <class Token>
concept GuardToken = net::completion_token_for<Token, GuardSignature>;

}  // namespace detail

/// Makes a lock and waits for it as long as `options.timeout` says (unset: without limit; zero or
/// negative: one try).
///
/// Completes with `void(boost::system::error_code, AsyncScopedLock)`; the errors are those of
/// create_lock() and BaseLock::acquire(), and `timed_out`. The guard is then empty.
///
/// Precondition: the session outlives the operation and the guard.
///
/// GCC before 13 destroys braced options twice inside a co_await expression. That does no harm
/// unless they hold a string or a function object that allocates: make such options a variable.
template <detail::IoExecutor Executor, detail::GuardToken Token = detail::DefaultToken<Executor>>
auto async_scoped_lock(const Executor& executor, soci::session& session, const Key& key,
                       const LockOptions& options = {}, Token&& token = Token()) {
    return boost::asio::async_compose<Token, detail::GuardSignature>(
        detail::AcquireScoped(executor, session, key, options), token, executor);
}
template <detail::GuardToken Token = boost::asio::deferred_t>
auto async_scoped_lock(soci::session& session, const Key& key, const LockOptions& options = {},
                       Token&& token = Token()) {
    return async_scoped_lock(detail::HandlersOwn(), session, key, options,
                             std::forward<Token>(token));
}

}  // namespace dlock
