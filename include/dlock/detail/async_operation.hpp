// What <dlock/asio.hpp> is built on: one operation that never blocks, without an event loop.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/base_lock.hpp>
#include <dlock/export.hpp>
#include <dlock/options.hpp>
#include <dlock/wait.hpp>

#include <chrono>
#include <memory>
#include <system_error>

namespace dlock::detail {

class AsyncRun;

/// Who runs an AsyncOperation.
class Waker {
  public:
    /// The operation wants to be polled soon. Called from any thread, also while one of its
    /// functions runs: it must neither block nor call the operation.
    virtual void wake() noexcept = 0;

  protected:
    ~Waker() = default;
};

/// What an operation waits for. Any of it, and Waker::wake(), is a reason to call poll().
struct Suspension {
    /// It waits for nothing any more: its result is there.
    bool done = false;
    /// The descriptor that must become readable or writable; -1 for none.
    int descriptor = -1;
    bool readable = false;
    bool writable = false;
    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};

/// What an AsyncOperation is to do.
struct AsyncCall {
    enum class Kind { acquire, release, close, verify };

    Kind kind = Kind::acquire;
    /// With Kind::acquire.
    Mode mode = Mode::exclusive;
    Wait wait = forever;
    /// cancel() may be called.
    bool cancellable = false;
};

/// An acquire, a release or a verify of a lock that suspends instead of blocking. It runs the same
/// dialect logic as the blocking calls of BaseLock. Statements are sent through the non-blocking
/// calls of the client library, where it has such calls, else on LockOptions::blocking_executor.
///
/// Thread safety: all functions may be called from any thread.
class DLOCK_EXPORT AsyncOperation {
  public:
    /// Precondition: `waker` outlives the object. The lock may be destroyed first.
    AsyncOperation(BaseLock& lock, const AsyncCall& call, Waker& waker);
    AsyncOperation(const AsyncOperation&) = delete;
    AsyncOperation& operator=(const AsyncOperation&) = delete;

    /// As abandon().
    ~AsyncOperation();

    /// Begins; to be called once, before the other functions.
    [[nodiscard]] Suspension start() noexcept;

    /// Goes on. `ready`: the descriptor is ready.
    [[nodiscard]] Suspension poll(bool ready) noexcept;

    /// Asks for the end of the wait. The operation is done soon, or it succeeds.
    [[nodiscard]] Suspension cancel() noexcept;

    /// Ends it at once if it is not done: a session with a statement under way, or with a grant
    /// whose token is still to be drawn, is closed. Blocks while another thread uses the session on
    /// its behalf.
    void abandon() noexcept;

    /// When done: true if the lock is held, false also when the time was over.
    [[nodiscard]] bool held() const noexcept;
    /// When done: the error; BaseLock::last_error() has its details. `cancelled` after a cancel,
    /// and if the lock was destroyed.
    [[nodiscard]] std::error_code error() const noexcept;

  private:
    std::unique_ptr<AsyncRun> run_;
};

}  // namespace dlock::detail
