// The blocking engine: runs dialect machines on the calling thread.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/acquisition.hpp"
#include "engine/dialect.hpp"
#include "engine/driver.hpp"
#include "engine/holds.hpp"

#include <stop_token>
#include <string>

namespace dlock::detail {

/// Who competes for what: needed for turns in the local queue.
struct Contender {
    const std::string& name;
    const SessionRecord& record;
};

/// Runs one Op to its verdict.
[[nodiscard]] Step run_blocking(Driver& driver, Dialect& dialect, Op op, Mode mode);

/// Runs an acquire to its end; the Action returned is of Kind::done.
[[nodiscard]] Action run_blocking(Driver& driver, Dialect& dialect, const LockOptions& options,
                                  AcquireRequest request, const Contender& contender,
                                  const std::stop_token& stop);

}  // namespace dlock::detail
