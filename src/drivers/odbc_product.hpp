// The database behind a SOCI session on the `odbc` backend.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <soci/soci.h>

#include <string>

namespace dlock::detail {

/// The driver's SQL_DBMS_NAME ("PostgreSQL", "MariaDB", "Microsoft SQL Server", ...), without a
/// round trip; SOCI's own get_database_product() does not know MariaDB. Empty if the driver does
/// not tell.
[[nodiscard]] std::string odbc_product(soci::session& session);

}  // namespace dlock::detail
