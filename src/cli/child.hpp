// The command: started, waited for, and sent the signals that come. Linux only: PDEATHSIG.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "signals.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace dlock::cli {

struct Command {
    /// The program, found in PATH, and its arguments.
    std::vector<std::string> words{};
    /// Added to the environment, "NAME=value".
    std::vector<std::pair<std::string, std::string>> environment{};
    /// What the command inherits to keep the lock alive; -1 if nothing.
    int lock_descriptor = -1;
    /// How long it may take to end when the lock is lost.
    std::chrono::nanoseconds grace{};
};

/// Runs the command and returns its exit code, exit_signal plus the number if a signal ended it.
///
/// When this process dies, the kernel sends the command SIGTERM if it holds `lock_descriptor`, and
/// the lock with it; SIGKILL if it does not, since it then runs without the lock.
///
/// When the lock is lost (Signals::tell_loss()), the command is sent SIGTERM, and SIGKILL if it
/// still runs after its grace.
///
/// Throws Failure with exit_not_found or exit_cannot_execute if it cannot be started.
/// Precondition: the calling thread stays until this process ends (the kernel takes the thread that
/// forks for the parent).
[[nodiscard]] int run_command(const Command& command, const Signals& signals);

}  // namespace dlock::cli
