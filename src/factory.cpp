// SPDX-License-Identifier: BSL-1.0
#include "backends/backends.hpp"
#include "lock_state.hpp"

#include <dlock/factory.hpp>

#include <soci/soci.h>

#include <cmath>
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
    {nullptr, nullptr, nullptr},
};

const Backend& backend_of(soci::session& session) {
    if (session.get_backend() == nullptr) {
        throw LockError(errc::session_lost, "the session is not connected");
    }
    const std::string name = session.get_backend_name();
    std::string known;
    for (const Backend& backend : backends) {
        if (backend.name == nullptr) {
            break;
        }
        if (name == backend.name) {
            return backend;
        }
        known += known.empty() ? "" : ", ";
        known += backend.name;
    }
    throw LockError(errc::unknown_backend, "SOCI backend \"" + name + "\"; this build knows " +
                                               (known.empty() ? "none" : known));
}

}  // namespace

namespace detail {

void check_options(const LockOptions& options, const Capabilities& capabilities, const Key& key) {
    const auto refuse = [&](errc error, const std::string& text) {
        throw LockError(error, capabilities.database + ": " + text, key.to_string());
    };
    if (options.shared && options.mode.has_value() && *options.mode != Mode::shared) {
        refuse(errc::invalid_option, "`shared` and `mode` ask for different modes");
    }
    if (!capabilities.modes.contains(options.effective_mode())) {
        refuse(errc::not_supported, options.shared
                                        ? "the option `shared` is not supported"
                                        : "the option `mode` has a mode that is not supported");
    }
    if (options.xact && !capabilities.xact) {
        refuse(errc::not_supported, "the option `xact` is not supported");
    }
    if (options.poll_interval <= Duration::zero()) {
        refuse(errc::invalid_option, "`poll_interval` must be above zero");
    }
    if (!(options.poll_jitter >= 0.0 && options.poll_jitter <= 1.0)) {
        refuse(errc::invalid_option, "`poll_jitter` must be from 0 to 1");
    }
    if (options.slice <= Duration::zero()) {
        refuse(errc::invalid_option, "`slice` must be above zero");
    }
}

}  // namespace detail

std::unique_ptr<BaseLock> create_lock(soci::session& session, const Key& key, LockOptions options) {
    const Backend& backend = backend_of(session);
    return std::make_unique<BaseLock>(
        std::make_unique<detail::LockState>(backend.make(session, key, std::move(options))));
}

std::unique_ptr<BaseLock> create_lock(soci::connection_pool& pool, const Key& key,
                                      LockOptions options) {
    if (options.xact) {
        throw LockError(errc::invalid_option,
                        "a transaction-level lock needs a session of your own, not a pool",
                        key.to_string());
    }
    auto lease = std::make_unique<detail::Lease>(pool);
    const Backend& backend = backend_of(lease->session());
    detail::LockParts parts = backend.make(lease->session(), key, std::move(options));
    return std::make_unique<BaseLock>(
        std::make_unique<detail::LockState>(std::move(parts), std::move(lease)));
}

Capabilities capabilities(soci::session& session) {
    return backend_of(session).capabilities(session);
}

}  // namespace dlock
