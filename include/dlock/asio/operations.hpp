// The operations of a lock, asynchronous.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/asio/detail/initiate.hpp>
#include <dlock/asio/errors.hpp>
#include <dlock/base_lock.hpp>
#include <dlock/wait.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace dlock {

/// LockOptions::blocking_executor for a Boost.Asio executor, such as that of a
/// boost::asio::thread_pool. It must not be the executor of the program's own I/O.
template <detail::IoExecutor Executor>
[[nodiscard]] std::function<void(std::function<void()>)> on_executor(Executor executor) {
    return [executor](std::function<void()> job) { boost::asio::post(executor, std::move(job)); };
}

/// As BaseLock::acquire(), without blocking. The wait begins with the operation.
///
/// Completes with `void(boost::system::error_code, bool held)`: true if the lock is held; false
/// without an error if the time was over. BaseLock::last_error() has the details of an error.
template <detail::IoExecutor Executor, detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_acquire(const Executor& executor, BaseLock& lock, Wait wait = forever,
                   Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [wait](const BaseLock& lock) {
            return detail::AsyncCall{.mode = lock.options().effective_mode(), .wait = wait};
        },
        std::forward<Token>(token));
}
template <detail::AnswerToken Token = boost::asio::deferred_t>
auto async_acquire(BaseLock& lock, Wait wait = forever, Token&& token = Token()) {
    return async_acquire(detail::HandlersOwn(), lock, wait, std::forward<Token>(token));
}
template <detail::AnswerToken Token>
auto async_acquire(BaseLock& lock, Token&& token) {
    return async_acquire(lock, forever, std::forward<Token>(token));
}

/// As async_acquire(), until `deadline`; the time left is taken once, when the operation begins.
template <detail::IoExecutor Executor, class Clock, class D,
          detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_acquire_until(const Executor& executor, BaseLock& lock,
                         const std::chrono::time_point<Clock, D>& deadline,
                         Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [deadline = detail::steady(deadline)](const BaseLock& lock) {
            return detail::AsyncCall{.mode = lock.options().effective_mode(),
                                     .wait = Wait(detail::time_until(deadline))};
        },
        std::forward<Token>(token));
}
template <class Clock, class D, detail::AnswerToken Token = boost::asio::deferred_t>
auto async_acquire_until(BaseLock& lock, const std::chrono::time_point<Clock, D>& deadline,
                         Token&& token = Token()) {
    return async_acquire_until(detail::HandlersOwn(), lock, deadline, std::forward<Token>(token));
}

/// As async_acquire(), always in Mode::shared.
template <detail::IoExecutor Executor, detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_acquire_shared(const Executor& executor, BaseLock& lock, Wait wait = forever,
                          Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [wait](const BaseLock&) { return detail::AsyncCall{.mode = Mode::shared, .wait = wait}; },
        std::forward<Token>(token));
}
template <detail::AnswerToken Token = boost::asio::deferred_t>
auto async_acquire_shared(BaseLock& lock, Wait wait = forever, Token&& token = Token()) {
    return async_acquire_shared(detail::HandlersOwn(), lock, wait, std::forward<Token>(token));
}
template <detail::AnswerToken Token>
auto async_acquire_shared(BaseLock& lock, Token&& token) {
    return async_acquire_shared(lock, forever, std::forward<Token>(token));
}

/// As async_acquire_until(), always in Mode::shared.
template <detail::IoExecutor Executor, class Clock, class D,
          detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_acquire_shared_until(const Executor& executor, BaseLock& lock,
                                const std::chrono::time_point<Clock, D>& deadline,
                                Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [deadline = detail::steady(deadline)](const BaseLock&) {
            return detail::AsyncCall{.mode = Mode::shared,
                                     .wait = Wait(detail::time_until(deadline))};
        },
        std::forward<Token>(token));
}
template <class Clock, class D, detail::AnswerToken Token = boost::asio::deferred_t>
auto async_acquire_shared_until(BaseLock& lock, const std::chrono::time_point<Clock, D>& deadline,
                                Token&& token = Token()) {
    return async_acquire_shared_until(detail::HandlersOwn(), lock, deadline,
                                      std::forward<Token>(token));
}

/// As BaseLock::try_lock(): tries once. Completes as async_acquire().
template <detail::IoExecutor Executor, detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_try_acquire(const Executor& executor, BaseLock& lock, Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [](const BaseLock& lock) {
            return detail::AsyncCall{.mode = lock.options().effective_mode(), .wait = no_wait};
        },
        std::forward<Token>(token));
}
template <detail::AnswerToken Token = boost::asio::deferred_t>
auto async_try_acquire(BaseLock& lock, Token&& token = Token()) {
    return async_try_acquire(detail::HandlersOwn(), lock, std::forward<Token>(token));
}

/// As async_try_acquire(), always in Mode::shared.
template <detail::IoExecutor Executor, detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_try_acquire_shared(const Executor& executor, BaseLock& lock, Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [](const BaseLock&) { return detail::AsyncCall{.mode = Mode::shared, .wait = no_wait}; },
        std::forward<Token>(token));
}
template <detail::AnswerToken Token = boost::asio::deferred_t>
auto async_try_acquire_shared(BaseLock& lock, Token&& token = Token()) {
    return async_try_acquire_shared(detail::HandlersOwn(), lock, std::forward<Token>(token));
}

/// As BaseLock::release(). Completes with `void(boost::system::error_code)`.
template <detail::IoExecutor Executor, detail::PlainToken Token = detail::DefaultToken<Executor>>
auto async_release(const Executor& executor, BaseLock& lock, Token&& token = Token()) {
    return detail::initiate(
        executor, lock,
        [](const BaseLock&) { return detail::AsyncCall{.kind = detail::AsyncCall::Kind::release}; },
        std::forward<Token>(token));
}
template <detail::PlainToken Token = boost::asio::deferred_t>
auto async_release(BaseLock& lock, Token&& token = Token()) {
    return async_release(detail::HandlersOwn(), lock, std::forward<Token>(token));
}

/// As BaseLock::close(). Completes with `void(boost::system::error_code)`.
template <detail::IoExecutor Executor, detail::PlainToken Token = detail::DefaultToken<Executor>>
auto async_close(const Executor& executor, BaseLock& lock, Token&& token = Token()) {
    return detail::initiate(
        executor, lock,
        [](const BaseLock&) { return detail::AsyncCall{.kind = detail::AsyncCall::Kind::close}; },
        std::forward<Token>(token));
}
template <detail::PlainToken Token = boost::asio::deferred_t>
auto async_close(BaseLock& lock, Token&& token = Token()) {
    return async_close(detail::HandlersOwn(), lock, std::forward<Token>(token));
}

/// As BaseLock::verify(). Completes with `void(boost::system::error_code, bool held)`.
template <detail::IoExecutor Executor, detail::AnswerToken Token = detail::DefaultToken<Executor>>
auto async_verify(const Executor& executor, BaseLock& lock, Token&& token = Token()) {
    return detail::initiate_with_answer(
        executor, lock,
        [](const BaseLock&) { return detail::AsyncCall{.kind = detail::AsyncCall::Kind::verify}; },
        std::forward<Token>(token));
}
template <detail::AnswerToken Token = boost::asio::deferred_t>
auto async_verify(BaseLock& lock, Token&& token = Token()) {
    return async_verify(detail::HandlersOwn(), lock, std::forward<Token>(token));
}

}  // namespace dlock
