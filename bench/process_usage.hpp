// What this process uses of the machine.
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace dlock_bench {

struct ProcessUsage {
    double cpu_milliseconds = 0;
    /// Voluntary context switches: each is the end of a sleep.
    long wake_ups = 0;
};

/// Since the process began, all threads together.
[[nodiscard]] ProcessUsage process_usage();

/// Resident memory in KiB, once freed memory was given back to the system.
[[nodiscard]] double resident_kib();

/// Raises the limit of open descriptors as far as the system allows.
void allow_descriptors();

}  // namespace dlock_bench
