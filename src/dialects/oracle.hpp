// Oracle's user locks (DBMS_LOCK).
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/oracle_sql.hpp"
#include "engine/dialect.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>

#include <memory>

namespace dlock::detail {

[[nodiscard]] Capabilities oracle_capabilities();

/// Waits are whole seconds, cut into slices of at least 10 s where the time that is left allows it.
///
/// Whether the session holds the lock is asked by converting it to the mode that it has, which
/// changes nothing: V$LOCK would tell as well, but needs a grant.
///
/// Precondition: `key` has passed check_oracle_key(), with allocate_unique check_oracle_name().
[[nodiscard]] std::unique_ptr<Dialect> make_oracle_dialect(const OracleSettings& settings,
                                                           const ActualKey& key);

}  // namespace dlock::detail
