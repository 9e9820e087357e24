// The asynchronous engine: runs one operation without blocking.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/local_queue.hpp"
#include "engine/operation.hpp"
#include "threads/blocking_pool.hpp"
#include "threads/blocking_work.hpp"
#include "threads/wake_target.hpp"

#include <dlock/detail/async_operation.hpp>

#include <atomic>
#include <memory>
#include <optional>

namespace dlock::detail {

/// What the engine needs beside the operation.
struct AsyncSetting {
    Driver& driver;
    const LockOptions& options;
    std::shared_ptr<WakeTarget> target;
    bool cancellable = false;
};

/// Runs one operation, a step at each call.
///
/// Thread safety: one thread at a time.
class AsyncEngine {
  public:
    /// How often somebody looks whether what it waits for has come unheard: a front waiter in the
    /// local queue that does not answer, a wake-up for which there was no memory.
    static constexpr std::chrono::seconds look_after{10};

    AsyncEngine(Operation& operation, AsyncSetting setting);
    AsyncEngine(const AsyncEngine&) = delete;
    AsyncEngine& operator=(const AsyncEngine&) = delete;
    /// Waits for the work of other threads on the session.
    ~AsyncEngine();

    /// Each throws LockError when the operation has failed, and may run out of memory.
    [[nodiscard]] Suspension start();
    [[nodiscard]] Suspension poll(bool ready);
    [[nodiscard]] Suspension cancel();

    /// True while a statement is under way.
    [[nodiscard]] bool is_sending() const noexcept { return sending_; }

  private:
    class Turn;

    Suspension run(bool ready);
    void begin();
    void send(const Statement& statement);
    void take_turn();
    std::optional<Event> event(bool ready);
    std::optional<Event> reply_event(bool ready);
    std::optional<Event> turn_event();
    void cancel_statement();
    [[nodiscard]] bool can_cancel() const;
    [[nodiscard]] bool can_give_up() const;
    [[nodiscard]] bool waits() const;
    [[nodiscard]] Suspension suspension() const;
    [[nodiscard]] TimePoint now() const;
    [[nodiscard]] BlockingExecutor executor(BlockingPool& pool) const;

    Operation& operation_;
    AsyncSetting setting_;
    const Contender* contender_;
    Action action_;
    /// What is known without waiting for it.
    std::optional<Event> at_once_;

    Reply reply_;
    Progress progress_;
    std::shared_ptr<BlockingWork> work_;
    bool sending_ = false;

    std::unique_ptr<Turn> turn_;
    /// When to look whether the front waiter has answered.
    TimePoint look_at_{};

    std::shared_ptr<Canceller> canceller_;
    std::shared_ptr<BlockingWork> cancelling_;
    bool cancel_requested_ = false;
    bool cancel_was_sent_ = false;
    TimePoint next_cancel_at_{};
    TimePoint give_up_at_ = TimePoint::max();
    bool gave_up_ = false;
};

}  // namespace dlock::detail
