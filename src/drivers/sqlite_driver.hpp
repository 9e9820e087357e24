// SOCI's sqlite3 sessions, with locks in a file next to the database. Linux only.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"

#include <cstdint>
#include <memory>

namespace soci {
class session;
}

namespace dlock::detail {

/// A driver for the lock `key` of a session of SOCI's sqlite3 backend. All drivers of one session
/// share one SideFile. The locks end with the SQLite connection: a close or reconnect is noticed by
/// a hook (SQL function `dlock_session`, which is NULL) that is added to the connection.
///
/// A forked child inherits the file's descriptor: the parent's locks last until the child has ended
/// or called exec, even if the parent is killed. The child must not use the session.
///
/// Throws LockError: not_supported if the database is not in a file, invalid_key, and what
/// sqlite_errc() makes of the errno if the lock file cannot be used.
[[nodiscard]] std::unique_ptr<Driver> make_sqlite_driver(soci::session& session, std::int64_t key);

}  // namespace dlock::detail
