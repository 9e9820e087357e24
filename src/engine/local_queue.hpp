// The queue in front of the server's: one waiter of this process for a key stands there at a time.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/world.hpp>

#include <chrono>
#include <string>

namespace dlock::detail {

class QueueLine;

/// One who waits for a turn. Threads and callbacks alike implement `on_turn`.
class QueueWaiter {
  public:
    explicit QueueWaiter(bool shared, const World& world = World::real())
        : shared_(shared), world_(world) {}
    QueueWaiter(const QueueWaiter&) = delete;
    QueueWaiter& operator=(const QueueWaiter&) = delete;
    virtual ~QueueWaiter() = default;

    /// The turn has come. Called with the queue locked, from any thread: it must be short, must not
    /// throw and must not call into the queue.
    virtual void on_turn() noexcept = 0;

    /// The one in front was offered its turn: who does not look anyway should look after
    /// LocalQueue::patience whether it has answered. Called as on_turn(), and also in vain.
    virtual void on_turn_ahead() noexcept {}

  private:
    friend class QueueLine;
    // A passed waiter was offered its turn and did not answer; it keeps its place.
    enum class State { waiting, offered, passed, active };

    bool shared_;
    const World& world_;
    State state_ = State::waiting;
    std::chrono::steady_clock::time_point offered_at_{};
};

/// The queues of this process, by name (server and key). First come, first served; shared waiters
/// that lead the queue have their turn together. A turn means entering the server's queue, and ends
/// with leave().
///
/// Thread safety: all functions may be called from any thread.
class LocalQueue {
  public:
    /// How long a waiter that was offered its turn may take to answer before the next one is
    /// offered it as well.
    static constexpr std::chrono::milliseconds patience{2000};

    /// Puts `waiter` at the end of the queue `name`; on_turn() may be called before this returns.
    /// `waiter` must stay alive until leave(). Throws std::bad_alloc, and then has no effect.
    static void enter(const std::string& name, QueueWaiter& waiter);

    /// The waiter answers its offer: it goes to the server now.
    static void answer(QueueWaiter& waiter) noexcept;

    /// Takes the waiter out, wherever it stands, and passes its turn on.
    static void leave(const std::string& name, QueueWaiter& waiter) noexcept;

    /// Passes by waiters that were offered their turn and did not answer. To be called by waiters
    /// now and then while they wait.
    static void pass_by_the_silent(const std::string& name,
                                   std::chrono::steady_clock::time_point now) noexcept;
};

}  // namespace dlock::detail
