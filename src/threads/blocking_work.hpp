// One piece of work on another thread, and the wake-up at its end.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "threads/wake_target.hpp"

#include <dlock/options.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

namespace dlock::detail {

/// Runs a function; LockOptions::blocking_executor or a pool of the library's own.
using BlockingExecutor = std::function<void(std::function<void()>)>;

/// A function that was given to a BlockingExecutor.
///
/// Thread safety: all functions may be called from any thread.
class BlockingWork {
  public:
    enum class State {
        queued,
        running,
        /// It has run.
        ended,
        /// It has not run and never will: the executor dropped it.
        dropped,
    };

    /// Hands `body` to the executor; `target` is woken when it has ended or was dropped.
    [[nodiscard]] static std::shared_ptr<BlockingWork> start(const BlockingExecutor& executor,
                                                             std::function<void()> body,
                                                             std::shared_ptr<WakeTarget> target);

    BlockingWork(std::function<void()> body, std::shared_ptr<WakeTarget> target);

    [[nodiscard]] State state() const;
    [[nodiscard]] bool is_over() const;

    /// True if the work had not begun; then it never will.
    [[nodiscard]] bool withdraw() noexcept;

    /// Work that has not begun never will; work that is running is waited for, at most for
    /// `patience`. Returns false if it is still running.
    [[nodiscard]] bool finish(Duration patience = std::chrono::hours(1)) noexcept;

  private:
    class Ticket;

    void run() noexcept;
    void drop() noexcept;

    mutable std::mutex mutex_;
    std::condition_variable over_;
    State state_ = State::queued;
    std::function<void()> body_;
    std::shared_ptr<WakeTarget> target_;
};

}  // namespace dlock::detail
