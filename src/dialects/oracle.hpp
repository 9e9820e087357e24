// Oracle's user locks (DBMS_LOCK).
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/dialect.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>

#include <memory>

namespace dlock::detail {

struct OracleSettings {
    /// The lock is freed by the next commit or rollback.
    bool xact = false;
};

[[nodiscard]] Capabilities oracle_capabilities();

/// Each statement is a PL/SQL block that gives its integers through parameters
/// (Statement::outputs): release_on_commit is a BOOLEAN, which SQL does not have. Lock ids are
/// used, not names: ALLOCATE_UNIQUE would commit the caller's transaction.
///
/// Waits are whole seconds, cut into slices of at least 10 s where the time that is left allows it.
///
/// Whether the session holds the lock is asked by converting it to the mode that it has, which
/// changes nothing: V$LOCK would tell as well, but needs a grant.
///
/// Precondition: `key` has passed check_oracle_key().
[[nodiscard]] std::unique_ptr<Dialect> make_oracle_dialect(const OracleSettings& settings,
                                                           const ActualKey& key);

}  // namespace dlock::detail
