// SPDX-License-Identifier: BSL-1.0
#include "dialects/mysql.hpp"

#include "backends/backends.hpp"
#include "dialects/mysql_key.hpp"
#include "drivers/mysql_driver.hpp"

#include <utility>

namespace dlock::detail {
namespace {

// Before MySQL 5.7.5 and MariaDB 10.0.2, GET_LOCK freed the session's earlier lock. The waits need
// MySQL's MAX_EXECUTION_TIME hint (5.7.8) and MariaDB's SET STATEMENT (10.1.2).
constexpr unsigned long oldest_mysql = 50708;
constexpr unsigned long oldest_mariadb = 100102;

MysqlFlavour checked_flavour(soci::session& session) {
    const MysqlServer server = mysql_server(session);
    if (!server.connected) {
        throw LockError(errc::session_lost, "MySQL: the session is not connected");
    }
    if (server.version < (server.mariadb ? oldest_mariadb : oldest_mysql)) {
        throw LockError(errc::not_supported,
                        "this server is too old for locks that can be trusted; MySQL 5.7.8 or "
                        "MariaDB 10.1.2 is needed");
    }
    return server.mariadb ? MysqlFlavour::mariadb : MysqlFlavour::mysql;
}

}  // namespace

Capabilities mysql_backend_capabilities(soci::session& session) {
    return mysql_capabilities(checked_flavour(session));
}

LockParts make_mysql_lock(soci::session& session, const Key& key, LockOptions options) {
    const MysqlFlavour flavour = checked_flavour(session);
    Capabilities capabilities = mysql_capabilities(flavour);
    check_options(options, capabilities, key);
    ActualKey actual = options.converter ? options.converter(key) : make_mysql_key(key);
    check_mysql_key(actual, key, flavour);
    auto dialect = make_mysql_dialect(
        {.flavour = flavour, .check_identity = options.pooler == Pooler::refused}, actual);
    auto driver = make_mysql_driver(session, options.helper_session);
    return {.key = key,
            .actual_key = std::move(actual),
            .options = std::move(options),
            .capabilities = std::move(capabilities),
            .driver = std::move(driver),
            .dialect = std::move(dialect)};
}

}  // namespace dlock::detail
