// Opening the session that the lock lives in.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "url.hpp"

#include <soci/soci.h>

#include <memory>

namespace dlock::cli {

/// Loads SOCI's library for the target's database. Throws Failure with exit_unavailable if there is
/// none.
void load_backend(const Target& target);

/// Opens a session. Throws Failure: exit_unavailable, exit_refused or exit_configuration.
/// Precondition: load_backend(). Thread safety: any thread.
[[nodiscard]] std::unique_ptr<soci::session> open_session(const Target& target);

/// Tells the server not to end this session, which only holds a lock, for being idle.
void stay_connected(soci::session& session, const Target& target) noexcept;

}  // namespace dlock::cli
