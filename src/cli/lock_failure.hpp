// What an error of the library means to who runs the program.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "failure.hpp"

#include <dlock/error.hpp>

#include <string>

namespace dlock::cli {

/// The error in words, with what the server said.
[[nodiscard]] std::string text_of(const LockError& error);

/// With an exit code and what to do; `shared` if a shared lock was asked for.
[[nodiscard]] Failure failure_of(const LockError& error, bool shared);

}  // namespace dlock::cli
