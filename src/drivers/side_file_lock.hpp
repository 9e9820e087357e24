// The lock of one key in a side file: who may have it, and how to wait for it. Linux only.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "drivers/side_file.hpp"

#include <dlock/options.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace dlock::detail {

/// Key `h` owns two bytes of the side file: 2h is the lock, 2h+1 the turnstile before it.
///
/// Whoever finds the lock taken goes through the turnstile: one waiter at a time holds it, the
/// front waiter, and keeps it until it has the lock; the others wait for the turnstile. Newcomers,
/// readers too, keep out while somebody stands in it, so nobody overtakes the front waiter: a
/// writer waits only for the readers that are in already, and a releaser that comes back queues up
/// again.
///
/// Waiters sleep on words of the shared memory and are woken by whoever lets a byte go. Since these
/// are only hints (a process killed with kill -9 wakes nobody), the front waiter also looks every
/// front_poll by itself, the others every rear_poll.
///
/// A front waiter that is stopped (SIGSTOP, a debugger) would keep everybody out of a free lock:
/// one that leaves the lock free for as long as `patience` is passed by.
///
/// Thread safety: as SideFile.
class SideFileLock {
  public:
    using Clock = std::chrono::steady_clock;
    using TimePoint = Clock::time_point;

    static constexpr std::chrono::milliseconds front_poll{15};
    static constexpr std::chrono::milliseconds rear_poll{50};
    static constexpr std::chrono::milliseconds patience{120};

    /// The keys are 0 to key_end - 1.
    static constexpr std::int64_t key_end = std::int64_t{1} << 62;

    enum class Outcome { granted, busy, cancelled };

    /// Precondition: 0 <= key < key_end.
    SideFileLock(std::shared_ptr<SideFile> file, std::int64_t key) noexcept;

    /// Takes the lock if it is free and nobody waits for it. Mode::exclusive or Mode::shared.
    /// Precondition of this and wait(): this session does not hold the key.
    [[nodiscard]] bool try_lock(Mode mode);

    /// Waits for the lock until `deadline`, never less, or until `cancelled` is set and
    /// wake_waiters() called.
    [[nodiscard]] Outcome wait(Mode mode, TimePoint deadline, const std::atomic<bool>& cancelled);

    /// Gives the lock back. False if the session did not hold it, or if it no longer excluded
    /// anybody because the side file was deleted or replaced.
    [[nodiscard]] bool release();

    /// True if the session holds the lock and a newcomer would find it locked.
    [[nodiscard]] bool verify() const;

    /// Makes all waiters for the key look around. Any thread.
    static void wake_waiters(SideFile& file, std::int64_t key) noexcept;

  private:
    class Turn;

    [[nodiscard]] off_t lock_position() const noexcept { return 2 * key_; }
    [[nodiscard]] off_t turnstile_position() const noexcept { return 2 * key_ + 1; }

    [[nodiscard]] bool enter(Share share);
    [[nodiscard]] bool settle(Share share);
    [[nodiscard]] bool may_pass_by();
    [[nodiscard]] Outcome queue(Share share, TimePoint deadline,
                                const std::atomic<bool>& cancelled);
    [[nodiscard]] Outcome wait_in_front(Share share, TimePoint deadline,
                                        const std::atomic<bool>& cancelled);

    std::shared_ptr<SideFile> file_;
    std::int64_t key_;
    /// Since when the lock has been seen free while somebody stood in the turnstile.
    std::optional<TimePoint> left_free_since_{};
};

}  // namespace dlock::detail
