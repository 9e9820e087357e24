// The database behind a SOCI session on the `odbc` backend.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <soci/soci.h>

#include <string>

namespace dlock::detail {

/// What the driver knows of the server without asking it.
struct OdbcServer {
    /// SQL_DBMS_NAME: "PostgreSQL", "MariaDB", "Microsoft SQL Server", ...; SOCI's own
    /// get_database_product() does not know MariaDB. Empty if the driver does not tell.
    std::string product{};
    /// SQL_DBMS_VER: "15.0.20", "10.11.000019", ...
    std::string version{};
    bool connected = false;
};

/// Precondition: session.get_backend_name() is "odbc", from SOCI's own backend.
[[nodiscard]] OdbcServer odbc_server(soci::session& session);

}  // namespace dlock::detail
