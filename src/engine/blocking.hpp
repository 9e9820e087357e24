// The blocking engine: runs operations on the calling thread.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/operation.hpp"

#include <stop_token>

namespace dlock::detail {

/// Runs the operation to its end. Throws LockError as it does, and std::bad_alloc; the session is
/// then closed if nobody knows what it holds.
void run_blocking(Driver& driver, Operation& operation, const std::stop_token& stop = {});

}  // namespace dlock::detail
