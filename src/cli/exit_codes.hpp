// The program's own exit codes; the rest are the command's.
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace dlock::cli {

/// From sysexits.h where there is one that fits; 126 and up as shells have them. Documented in
/// man/dlock.1: a change here is a change of the interface.
enum ExitCode : int {
    exit_usage = 64,
    exit_unavailable = 69,
    exit_internal = 70,
    exit_lock_lost = 74,
    exit_busy = 75,
    exit_refused = 77,
    exit_configuration = 78,
    exit_cannot_execute = 126,
    exit_not_found = 127,
    /// Plus the number of the signal.
    exit_signal = 128,
};

}  // namespace dlock::cli
