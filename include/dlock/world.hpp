// Time and waiting as the library sees them.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>

namespace dlock {

/// One thread's way to sleep until something happens.
///
/// Thread safety: wake() may be called from any thread, sleep_until() from the owner's only.
class DLOCK_EXPORT Sleeper {
  public:
    virtual ~Sleeper();
    Sleeper() = default;
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    /// Ends the sleep that is under way, and all later ones at once.
    virtual void wake() noexcept = 0;

    /// Sleeps until wake() was called, `until` has come or a stop was requested. Returns true if
    /// wake() was called.
    [[nodiscard]] virtual bool sleep_until(std::chrono::steady_clock::time_point until,
                                           const std::stop_token& stop) = 0;
};

/// The clock, the threads and the sleep of the operations on one session. The real ones unless the
/// session is simulated (see SessionTraits).
///
/// Thread safety: all functions may be called from any thread.
class DLOCK_EXPORT World {
  public:
    virtual ~World();
    World() = default;
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] virtual std::chrono::steady_clock::time_point now() const noexcept = 0;

    /// A number of its own for each thread that may call, never used again; not zero.
    [[nodiscard]] virtual std::size_t caller() const noexcept = 0;

    [[nodiscard]] virtual std::unique_ptr<Sleeper> make_sleeper() = 0;

    /// std::chrono::steady_clock, std::this_thread and condition variables.
    [[nodiscard]] static World& real() noexcept;
};

}  // namespace dlock
