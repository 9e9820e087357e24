// Whether a history can be explained by a lock that has, at each moment, one exclusive owner or
// shared ones.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "faults/harness/history.hpp"

#include <span>
#include <string>

namespace dlock_test {

/// Empty if the calls can be put into one order that keeps to their times and that the lock allows;
/// else what cannot be explained.
///
/// An acquire that was granted must find the lock free for its owner; one that was not must find it
/// taken at some moment of the call. A release and a verify that said yes must find their owner
/// holding it. A drop takes the lock from its owner at any later time, or never; calls that have
/// not returned and calls that failed may or may not have had their effect.
[[nodiscard]] std::string explain(std::span<const Record> history);

}  // namespace dlock_test
