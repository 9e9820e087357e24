// A SOCI session on the `mysql` backend, through libmariadb or libmysqlclient.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/driver.hpp"

#include <soci/soci.h>

#include <functional>
#include <memory>

namespace dlock::detail {

/// What is known of the server without asking it.
struct MysqlServer {
    bool connected = false;
    bool mariadb = false;
    /// 80036 for 8.0.36.
    unsigned long version = 0;
};

[[nodiscard]] MysqlServer mysql_server(soci::session& session);

using SessionFactory = std::function<std::unique_ptr<soci::session>()>;

/// Precondition: session.get_backend_name() is "mysql", from SOCI's own backend.
///
/// `helper` opens a session for KILL QUERY; without it statements cannot be cancelled. Statements
/// are sent through the session's own MYSQL handle: SOCI's query transformation, logger and last
/// query stay the user's.
[[nodiscard]] std::unique_ptr<Driver> make_mysql_driver(soci::session& session,
                                                        SessionFactory helper);

}  // namespace dlock::detail
