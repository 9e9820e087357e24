// A SOCI session on the `postgresql` backend, through libpq.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"

#include <soci/soci.h>

namespace dlock::detail {

/// What is known of the server without asking it.
struct PostgresqlServer {
    /// As PQserverVersion() gives it; 0 if the session is not connected.
    int version = 0;
    /// The server only speaks PostgreSQL's protocol; its name, empty for PostgreSQL itself.
    std::string other_product{};
};

[[nodiscard]] PostgresqlServer postgresql_server(soci::session& session);

/// Precondition: session.get_backend_name() is "postgresql", from SOCI's own backend.
///
/// Statements are sent through the session's own PGconn and not through soci::statement: SOCI's
/// failover callback, query transformation, logger and last query stay the user's.
[[nodiscard]] std::unique_ptr<Driver> make_libpq_driver(soci::session& session);

}  // namespace dlock::detail
