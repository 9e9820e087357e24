// dlock init: makes what fencing tokens need.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "arguments.hpp"
#include "signals.hpp"

namespace dlock::cli {

/// Returns the program's exit code. Throws Failure; LockError is turned into one.
[[nodiscard]] int init(const InitOptions& options, const Signals& signals);

}  // namespace dlock::cli
