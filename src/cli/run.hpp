// dlock run: takes the lock, runs the command, releases.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "arguments.hpp"
#include "descriptors.hpp"
#include "signals.hpp"

namespace dlock::cli {

/// Returns the program's exit code. Throws Failure; LockError is turned into one.
[[nodiscard]] int run(const RunOptions& options, const Signals& signals,
                      const StartDescriptors& descriptors);

}  // namespace dlock::cli
