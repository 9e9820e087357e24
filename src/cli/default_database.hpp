// The database that is used when the user names none.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "url.hpp"

namespace dlock::cli {

/// The SQLite database `dlock/locks.db` in the user's state folder: $XDG_STATE_HOME, or
/// ~/.local/state. Folders that are missing are made, for the user alone. Throws Failure.
[[nodiscard]] Target default_database();

}  // namespace dlock::cli
