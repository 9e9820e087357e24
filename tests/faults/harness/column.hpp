// What the faults are tried on: the servers, by every road.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/databases.hpp"
#include "support/pgbouncer.hpp"

#include <dlock/dlock.hpp>

#include <memory>
#include <string>
#include <vector>

namespace dlock_test {

struct Column {
    /// "postgresql", "mariadb-odbc", "pgbouncer-session", "sqlite".
    std::string name;
    Database database;
    /// The pool_mode, empty without pgbouncer.
    std::string pool_mode;
    std::shared_ptr<Pgbouncer> bouncer;
    /// Why there is no such server; empty if there is.
    std::string missing{};

    /// The server at the end of the road: "postgresql", also behind pgbouncer.
    [[nodiscard]] std::string product() const;
    /// The same options, the pooler vouched for where that is true.
    [[nodiscard]] dlock::LockOptions vouch(dlock::LockOptions options) const;
    /// True where nothing stands between the client and the server that multiplexes sessions.
    [[nodiscard]] bool keeps_sessions() const {
        return pool_mode.empty() || pool_mode == "session";
    }
};

/// By ODBC with the driver's own time-outs of 2 s: set_keepalive() does not reach its connection.
[[nodiscard]] Database with_timeouts(Database database);

/// The column that leads to the same server by way of the pooler.
[[nodiscard]] Column behind(const std::shared_ptr<Pgbouncer>& bouncer, const Database& direct);

/// The servers of DLOCK_TEST_URLS, pgbouncer before PostgreSQL, and SQLite;
/// those that scripts/servers could start and that are not there are missing.
[[nodiscard]] std::vector<Column> all_columns();

}  // namespace dlock_test
