// Fencing tokens: the counter that they are drawn from.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlock/export.hpp>

#include <string>

namespace soci {
class session;
}

namespace dlock {

/// Creates the counter that LockOptions::fencing needs: one row for all keys, which a token is
/// drawn from with every grant. To be called once for each server (PostgreSQL, SQL Server, SQLite:
/// for each database), by a login that may create it; `dlock init` does the same.
///
/// It is `dlock.fencing` in a schema `dlock` (PostgreSQL, SQL Server), in a database `dlock`
/// (MySQL, MariaDB) or of a user `dlock` that cannot log in (Oracle), and the table `dlock_fencing`
/// of an SQLite database. What exists already is left as it is: the counter is never reset. Its row
/// must never be deleted or lowered, else tokens come twice. Two programs may call this at once.
/// Grants nothing to other logins; see fencing_grant().
///
/// Preconditions: the session is connected to the server itself (any pooler is refused as by
/// create_lock() without LockOptions::pooler) and used by one thread, no lock with
/// LockOptions::verify_interval is held on it (the server is asked on another thread), and no
/// transaction is open: MySQL, MariaDB and Oracle would commit it.
///
/// Throws LockError: `transaction_open` where the client knows of a transaction,
/// `permission_denied` if the login may not create it, and as create_lock() and
/// BaseLock::acquire(), since a lock on the key "dlock:fencing" is held meanwhile. Exception
/// safety: basic; what was created remains, and the call can be made again.
DLOCK_EXPORT void create_fencing_schema(soci::session& session);

/// The SQL that lets another login draw tokens, with `<login>` where its name has to stand; empty
/// on SQLite, which has no logins. Sends nothing. Throws as create_lock().
[[nodiscard]] DLOCK_EXPORT std::string fencing_grant(soci::session& session);

}  // namespace dlock
