// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "drivers/mysql_driver.hpp"
#include "products.hpp"

#include <utility>

namespace dlock::detail {
namespace {

Server checked_server(soci::session& session) {
    const MysqlServer server = mysql_server(session);
    if (!server.connected) {
        throw LockError(errc::session_lost, "MySQL: the session is not connected");
    }
    return {.product = server.mariadb ? Product::mariadb : Product::mysql,
            .version = static_cast<int>(server.version)};
}

}  // namespace

Capabilities mysql_backend_capabilities(soci::session& session) {
    return capabilities_of(checked_server(session));
}

LockParts make_mysql_lock(soci::session& session, const Key& key, LockOptions options) {
    return make_parts(checked_server(session), key, std::move(options),
                      [&](const LockOptions& checked) {
                          return make_mysql_driver(session, checked.helper_session);
                      });
}

}  // namespace dlock::detail
