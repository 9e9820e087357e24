// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "lock_state.hpp"

#include <dlock/factory.hpp>

#include <soci/soci.h>

#include <mutex>
#include <string>
#include <utility>

namespace dlock {
namespace {

using detail::Backend;

// One line a database.
constexpr Backend backends[] = {
#ifdef DLOCK_HAS_POSTGRESQL
    {"postgresql", detail::postgresql_backend_capabilities, detail::make_postgresql_lock},
#endif
#ifdef DLOCK_HAS_MYSQL
    {"mysql", detail::mysql_backend_capabilities, detail::make_mysql_lock},
#endif
#ifdef DLOCK_HAS_SQLITE
    {"sqlite3", detail::sqlite_backend_capabilities, detail::make_sqlite_lock},
#endif
#ifdef DLOCK_HAS_ODBC
    {"odbc", detail::odbc_backend_capabilities, detail::make_odbc_lock},
#endif
    {"oracle", detail::oracle_backend_capabilities, detail::make_oracle_lock},
};

constexpr Backend backend_with_traits{nullptr, detail::traits_backend_capabilities,
                                      detail::make_traits_lock};

const Backend& backend_of(soci::session& session) {
    if (session.get_backend() == nullptr) {
        throw LockError(errc::session_lost, "the session is not connected");
    }
    if (detail::has_traits(session)) {
        return backend_with_traits;
    }
    const std::string name = session.get_backend_name();
    std::string known;
    for (const Backend& backend : backends) {
        if (name == backend.name) {
            return backend;
        }
        known += known.empty() ? "" : ", ";
        known += backend.name;
    }
    throw LockError(errc::unknown_backend,
                    "SOCI backend \"" + name + "\"; this build knows " + known);
}

// Calls `use` alone with the session, which another lock may be asking the server about.
template <class Use>
auto alone_with(soci::session& session, Use use) {
    const Backend& backend = backend_of(session);
    const auto record = detail::Holds::record(session.get_backend());
    const std::lock_guard guard(record->use);
    return use(backend);
}

}  // namespace

detail::LockParts detail::make_lock_parts(soci::session& session, const Key& key,
                                          LockOptions options) {
    return alone_with(session, [&](const Backend& backend) {
        return backend.make(session, key, std::move(options));
    });
}

std::unique_ptr<BaseLock> create_lock(soci::session& session, const Key& key, LockOptions options) {
    return std::make_unique<BaseLock>(std::make_unique<detail::LockState>(
        detail::make_lock_parts(session, key, std::move(options))));
}

std::unique_ptr<BaseLock> create_lock(soci::connection_pool& pool, const Key& key,
                                      LockOptions options) {
    if (options.xact) {
        throw LockError(errc::invalid_option,
                        "a transaction-level lock needs a session of your own, not a pool",
                        key.to_string());
    }
    auto lease = std::make_unique<detail::Lease>(pool);
    detail::LockParts parts = detail::make_lock_parts(lease->session(), key, std::move(options));
    return std::make_unique<BaseLock>(
        std::make_unique<detail::LockState>(std::move(parts), std::move(lease)));
}

Capabilities capabilities(soci::session& session) {
    return alone_with(session,
                      [&](const Backend& backend) { return backend.capabilities(session); });
}

}  // namespace dlock
