// SQL Server's application locks (sp_getapplock), and Babelfish's.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "dialects/mssql_sql.hpp"
#include "engine/dialect.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>

#include <memory>

namespace dlock::detail {

[[nodiscard]] Capabilities mssql_capabilities();

/// Waits are cut into slices of at least 10 s, twice what SQL Server lets pass between two searches
/// for deadlocks.
///
/// The server session is not compared with the one that took the lock: APPLOCK_MODE and
/// sp_releaseapplock speak of the session that runs them only, and after a reconnect behind the
/// program's back that one holds nothing.
///
/// Precondition: `key` has passed check_mssql_key().
[[nodiscard]] std::unique_ptr<Dialect> make_mssql_dialect(const MssqlSettings& settings,
                                                          const ActualKey& key);

}  // namespace dlock::detail
