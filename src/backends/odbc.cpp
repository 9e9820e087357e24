// The ODBC road: the product behind the session chooses the dialect.
// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "drivers/connection_mark.hpp"
#include "drivers/odbc_driver.hpp"
#include "drivers/odbc_server.hpp"
#include "products.hpp"

#include <utility>

namespace dlock::detail {
namespace {

// One line a product, as SQL_DBMS_NAME has it.
struct Row {
    const char* name;
    Product product;
    OdbcSettings settings;
};

const Row rows[] = {
    {"PostgreSQL",
     Product::postgresql,
     {.cancel = OdbcCancel::statement, .locks_per_database = true}},
    {"MariaDB", Product::mariadb, {.prepare_first = true}},
    {"MySQL", Product::mysql, {.prepare_first = true}},
    {"Microsoft SQL Server",
     Product::mssql,
     {.key = OdbcKey::parameter, .cancel = OdbcCancel::statement, .locks_per_database = true}},
    // No transaction outlives a statement there while the connection commits by itself.
    {"Oracle",
     Product::oracle,
     {.key = OdbcKey::parameter,
      .cancel = OdbcCancel::statement,
      .in_autocommit = TransactionState::idle}},
};

struct Road {
    Server server;
    OdbcSettings settings;
};

Road road_of(soci::session& session) {
    const OdbcServer found = odbc_server(session);
    if (!found.connected) {
        throw LockError(errc::session_lost, "ODBC: the session is not connected");
    }
    std::string known;
    for (const Row& row : rows) {
        if (found.product == row.name) {
            Road road{{.product = row.product,
                       .version = odbc_version(found.version),
                       .mark = connection_mark(session.get_backend())},
                      row.settings};
            // MySQL's own driver calls a MariaDB so as well; its version tells.
            if (found.version.find("MariaDB") != std::string::npos) {
                road.server.product = Product::mariadb;
            }
            return road;
        }
        known += known.empty() ? "" : ", ";
        known += row.name;
    }
    throw LockError(errc::not_supported, "no lock is known for an ODBC session to \"" +
                                             found.product + "\"; known are " + known);
}

}  // namespace

Capabilities odbc_backend_capabilities(soci::session& session) {
    return capabilities_of(road_of(session).server);
}

LockParts make_odbc_lock(soci::session& session, const Key& key, LockOptions options) {
    const Road road = road_of(session);
    return make_parts(road.server, key, std::move(options),
                      [&](const LockOptions&) { return make_odbc_driver(session, road.settings); });
}

}  // namespace dlock::detail
