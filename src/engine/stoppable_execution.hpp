// A statement of the blocking engine during which a stop may be requested.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/acquisition.hpp"
#include "engine/driver.hpp"
#include "threads/blocking_pool.hpp"
#include "threads/blocking_work.hpp"

#include <atomic>
#include <memory>
#include <stop_token>

namespace dlock::detail {

/// Executes a statement, and sees to its end once a stop is requested.
///
/// A statement that may be cancelled is cancelled: again and again until it has ended, because a
/// cancel that reaches the server before the statement does has no effect. One that may not (a
/// release, say) is answered soon by a server that lives. If neither ends it within
/// Canceller::give_up_after the session is closed, where the connection can be ended from this
/// side.
///
/// A cancel may hang: it connects to a server that may be silent. So there cancels run on threads
/// of their own, and one that hangs is left behind. The thread that requests the stop waits for
/// nothing then: it may have others to stop.
class StoppableExecution {
  public:
    StoppableExecution(std::shared_ptr<Canceller> canceller, World& world);

    /// True if a cancel was sent. May run out of memory.
    bool run(Driver& driver, const Statement& statement, Reply& reply, const std::stop_token& stop);

    /// True if the stop came before a statement that may be cancelled was sent.
    [[nodiscard]] bool stopped_before() const { return stopped_before_; }

  private:
    using Pool = BlockingPool& (*)();

    void on_stop();
    void see_to_the_end();
    [[nodiscard]] std::shared_ptr<BlockingWork> begin_cancel();
    template <class Body>
    [[nodiscard]] std::shared_ptr<BlockingWork> start_on(Pool pool, Body body) const;

    std::shared_ptr<Canceller> canceller_;
    World& world_;
    const std::size_t owner_;
    const long process_;
    /// What the statement allows. Not changed while a stop may come.
    bool cancellable_ = false;
    bool cancels_ = false;
    std::unique_ptr<Sleeper> ended_;
    std::unique_ptr<Sleeper> left_;
    std::shared_ptr<BlockingWork> stopping_;
    TimePoint give_up_at_{};
    std::atomic<bool> entered_{false};
    /// Written before `left_` is woken.
    bool gave_up_ = false;
    // Used by the owner's thread only, and its signal handlers.
    std::atomic<bool> sent_by_owner_{false};
    std::atomic<bool> stopped_before_{false};
    std::atomic<bool> executing_{false};
};

}  // namespace dlock::detail
