// One function a SOCI backend: puts driver and dialect together.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "lock_state.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>
#include <dlock/options.hpp>

#include <soci/soci.h>

namespace dlock::detail {

/// What the factory knows of a SOCI backend. Both functions send nothing and throw LockError.
struct Backend {
    /// As soci::session::get_backend_name() gives it.
    const char* name;
    /// Null in a build without it.
    Capabilities (*capabilities)(soci::session&);
    LockParts (*make)(soci::session&, const Key&, LockOptions);
};

/// What create_lock() makes a lock of; throws as it does.
LockParts make_lock_parts(soci::session& session, const Key& key, LockOptions options);

Capabilities postgresql_backend_capabilities(soci::session& session);
LockParts make_postgresql_lock(soci::session& session, const Key& key, LockOptions options);

Capabilities mysql_backend_capabilities(soci::session& session);
LockParts make_mysql_lock(soci::session& session, const Key& key, LockOptions options);

Capabilities sqlite_backend_capabilities(soci::session& session);
LockParts make_sqlite_lock(soci::session& session, const Key& key, LockOptions options);

Capabilities odbc_backend_capabilities(soci::session& session);
LockParts make_odbc_lock(soci::session& session, const Key& key, LockOptions options);

Capabilities oracle_backend_capabilities(soci::session& session);
LockParts make_oracle_lock(soci::session& session, const Key& key, LockOptions options);

/// True if the session's backend tells of itself; it may have any name.
bool has_traits(soci::session& session) noexcept;
Capabilities traits_backend_capabilities(soci::session& session);
LockParts make_traits_lock(soci::session& session, const Key& key, LockOptions options);

}  // namespace dlock::detail
