// SPDX-License-Identifier: BSL-1.0
#include "dialects/postgresql.hpp"

#include "backends/backends.hpp"
#include "dialects/postgresql_key.hpp"
#include "drivers/libpq_driver.hpp"

#include <utility>

namespace dlock::detail {
namespace {

PostgresqlServer checked_server(soci::session& session) {
    PostgresqlServer server = postgresql_server(session);
    if (server.version == 0) {
        throw LockError(errc::session_lost, "PostgreSQL: the session is not connected");
    }
    if (!server.other_product.empty()) {
        throw LockError(errc::not_supported,
                        server.other_product + ": its advisory locks do not lock");
    }
    return server;
}

}  // namespace

Capabilities postgresql_backend_capabilities(soci::session& session) {
    (void)checked_server(session);
    return postgresql_capabilities();
}

LockParts make_postgresql_lock(soci::session& session, const Key& key, LockOptions options) {
    const PostgresqlServer server = checked_server(session);
    Capabilities capabilities = postgresql_capabilities();
    check_options(options, capabilities, key);
    ActualKey actual = options.converter ? options.converter(key) : make_postgresql_key(key);
    check_postgresql_key(actual, key);
    auto dialect = make_postgresql_dialect({.server_version = server.version,
                                            .xact = options.xact,
                                            .check_identity = options.pooler == Pooler::refused,
                                            .allow_stale_snapshot = options.allow_stale_snapshot},
                                           actual);
    return {.key = key,
            .actual_key = std::move(actual),
            .options = std::move(options),
            .capabilities = std::move(capabilities),
            .driver = make_libpq_driver(session),
            .dialect = std::move(dialect)};
}

}  // namespace dlock::detail
