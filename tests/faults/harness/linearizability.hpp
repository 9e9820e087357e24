// Whether a history can be explained by a lock that has, at each moment, one exclusive owner or
// shared ones.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/history.hpp"

#include <chrono>
#include <span>
#include <string>

namespace dlock_test {

/// How long before its time is over an acquire may have looked for the last time.
inline constexpr std::chrono::milliseconds last_look{100};

/// Empty if the calls can be put into one order that keeps to their times and that the lock allows;
/// else what cannot be explained. The calls of one owner come one after the other.
///
/// - An acquire that was granted found the lock free; one that was not found it taken at the end of
///   its time.
/// - A release and a verify that said yes found their owner holding it; those that said no, and a
///   gone, did not.
/// - A call that is open was done or not, but not after its return or its owner's next record.
/// - A drop takes the lock from its owner or not, but only one hold: that of its time, or else the
///   next.
[[nodiscard]] std::string explain(std::span<const Record> history);

}  // namespace dlock_test
