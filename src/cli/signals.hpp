// Which signals the program deals with, and the state it was started in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

namespace dlock::cli {

/// Blocks the signals that would end the program, so that they are taken where they can be dealt
/// with; remembers how they were, for the command. To be made before any thread is.
///
/// Signals that were ignored at the start (nohup, background jobs) stay ignored. Job control
/// (Ctrl-Z) is left to the kernel, which stops program and command alike.
class Signals {
  public:
    Signals() noexcept;

    /// Those that would end the program.
    [[nodiscard]] const sigset_t& ending() const noexcept { return ending_; }

    /// Takes one of ending() that has come, if any.
    [[nodiscard]] std::optional<siginfo_t> take() const noexcept;

    /// What tell_loss() sends.
    [[nodiscard]] static int loss() noexcept { return SIGRTMIN; }
    /// Wakes wait(): the lock is lost. From any thread.
    static void tell_loss() noexcept;

    /// Waits for one of ending(), SIGCHLD or loss(); nothing if the time is over before.
    [[nodiscard]] std::optional<siginfo_t> wait(
        std::optional<std::chrono::steady_clock::time_point> until) const noexcept;

    /// Puts mask and dispositions back as they were at the start. To be called in the child.
    /// Async-signal-safe.
    void restore() const noexcept;

  private:
    sigset_t ending_;
    sigset_t all_;
    sigset_t start_mask_;
    struct sigaction start_actions_[NSIG];
};

}  // namespace dlock::cli
