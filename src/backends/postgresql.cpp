// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "drivers/libpq_driver.hpp"
#include "products.hpp"

#include <utility>

namespace dlock::detail {
namespace {

Server checked_server(soci::session& session) {
    const PostgresqlServer server = postgresql_server(session);
    if (server.version == 0) {
        throw LockError(errc::session_lost, "PostgreSQL: the session is not connected");
    }
    if (!server.other_product.empty()) {
        throw LockError(errc::not_supported,
                        server.other_product + ": its advisory locks do not lock");
    }
    return {.product = Product::postgresql, .version = server.version};
}

}  // namespace

Capabilities postgresql_backend_capabilities(soci::session& session) {
    return capabilities_of(checked_server(session));
}

LockParts make_postgresql_lock(soci::session& session, const Key& key, LockOptions options) {
    return make_parts(checked_server(session), key, std::move(options),
                      [&](const LockOptions&) { return make_libpq_driver(session); });
}

}  // namespace dlock::detail
