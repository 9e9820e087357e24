// A SOCI session on the `odbc` backend, through ODBC's own functions.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "drivers/odbc_text.hpp"
#include "engine/driver.hpp"

#include <soci/soci.h>

namespace dlock::detail {

/// What SQLCancel() works on.
enum class OdbcCancel {
    /// Whatever the connection runs, by any statement handle of it. Preferred: a cancel that comes
    /// after the end of a statement does not take its result away.
    connection,
    /// The statement whose handle it is given.
    statement,
};

/// What differs from one database behind ODBC to the next.
struct OdbcSettings {
    OdbcKey key = OdbcKey::literal;
    OdbcCancel cancel = OdbcCancel::connection;
    /// What is known of the transaction while the connection commits by itself: `unknown` where a
    /// literal BEGIN opens one all the same.
    TransactionState in_autocommit = TransactionState::unknown;
    /// The locks belong to a database, not to the whole server.
    bool locks_per_database = false;
    /// SQLPrepare and SQLExecute instead of SQLExecDirect: MariaDB's driver (3.1.15) crashes in the
    /// latter when the connection ends within the answer.
    bool prepare_first = false;
};

/// Precondition: session.get_backend_name() is "odbc", from SOCI's own backend.
///
/// Statements are sent on handles of their own, not through soci::statement: its parser changes
/// `::`, `:=` and `#`, it reads the first result only, and query transformation, logger and last
/// query stay the user's. The server session is not known without a round trip, so identity() is 0.
/// A statement whose result was lost to a cancel fails with the SQLSTATE HY008: nobody knows what
/// it did. One whose error was lost to a cancel fails with 57014, SQL's query_canceled.
[[nodiscard]] std::unique_ptr<Driver> make_odbc_driver(soci::session& session,
                                                       const OdbcSettings& settings);

}  // namespace dlock::detail
