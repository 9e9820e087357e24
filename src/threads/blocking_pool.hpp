// Threads that may block.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace dlock::detail {

/// Runs jobs on threads that are made when needed and end after some idle time.
///
/// Thread safety: run() may be called from any thread.
class BlockingPool {
  public:
    static constexpr std::size_t most_threads = 64;

    BlockingPool() = default;
    /// For jobs that may hang: none is left to wait until a thread is free.
    explicit BlockingPool(std::size_t limit) : limit_(limit), jobs_may_hang_(true) {}

    /// Runs `job` on a thread of the pool; when all are busy, as soon as one is not. Throws
    /// std::system_error if there is no thread and none can be made; if jobs may hang, whenever
    /// none is free and none can be made. `job` must not throw.
    void run(std::function<void()> job);

    /// The pool for statements that wait for a lock. They keep their threads for long, so nothing
    /// that others depend on may stand behind them.
    [[nodiscard]] static BlockingPool& for_waits();
    /// The pool for statements that are answered at once.
    [[nodiscard]] static BlockingPool& for_answers();
    /// The pool for cancels; they may hang, each with a session.
    [[nodiscard]] static BlockingPool& for_cancels();
    /// The pool for those who cancel until a statement ends, and look at the clock meanwhile.
    [[nodiscard]] static BlockingPool& for_stops();
    /// The pool for the questions of loss watches; they may hang, each with a session, and one that
    /// waits for a thread counts as one that is not answered.
    [[nodiscard]] static BlockingPool& for_probes();
    /// The pool for handlers of losses; they may block.
    [[nodiscard]] static BlockingPool& for_telling();

  private:
    [[nodiscard]] bool add_thread();
    void work();

    const std::size_t limit_ = most_threads;
    const bool jobs_may_hang_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
};

}  // namespace dlock::detail
