// Making locks.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/base_lock.hpp>
#include <dlock/capabilities.hpp>
#include <dlock/export.hpp>
#include <dlock/key.hpp>
#include <dlock/options.hpp>

#include <memory>

namespace soci {
class session;
class connection_pool;
}  // namespace soci

namespace dlock {

/// Makes a lock on `key` that lives in the session's database.
///
/// The database is chosen by the name of the session's SOCI backend: `postgresql`, `mysql` (MySQL
/// or MariaDB, told apart by the server's version), `sqlite3`, `odbc` (by the product behind it:
/// PostgreSQL, MySQL, MariaDB, SQL Server, Oracle), `oracle`; and any backend whose session derives
/// from SessionTraits. Sends nothing; a question that another lock's verify_interval asks on the
/// session is waited for.
///
/// Preconditions: the session is connected, and outlives the lock; both are used by one thread at a
/// time.
///
/// Throws LockError: `unknown_backend` (the text lists the known ones), `not_supported` for an
/// option that the database does not have or a server whose locks cannot be trusted,
/// `invalid_option`, `invalid_key`, `session_lost` if the session is not connected. Exception
/// safety: strong.
[[nodiscard]] DLOCK_EXPORT std::unique_ptr<BaseLock> create_lock(soci::session& session,
                                                                 const Key& key,
                                                                 LockOptions options = {});

/// As above, on a session leased from the pool, which the lock gives back when it is destroyed.
/// Waits without limit for a free session. Precondition: the pool outlives the lock.
///
/// A lease whose lock cannot be given back is closed and reconnected before it returns to the pool,
/// so that the next user never inherits a lock.
[[nodiscard]] DLOCK_EXPORT std::unique_ptr<BaseLock> create_lock(soci::connection_pool& pool,
                                                                 const Key& key,
                                                                 LockOptions options = {});

/// What locks made from this session can do. Sends nothing, waits and throws as create_lock().
[[nodiscard]] DLOCK_EXPORT Capabilities capabilities(soci::session& session);

}  // namespace dlock
