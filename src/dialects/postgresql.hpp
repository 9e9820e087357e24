// PostgreSQL advisory locks.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/dialect.hpp"

#include <dlock/capabilities.hpp>
#include <dlock/key.hpp>

#include <cstdint>
#include <memory>

namespace dlock::detail {

struct PostgresqlSettings {
    /// As PQserverVersion() gives it: 150020 for 15.20.
    int server_version = 0;
    /// Transaction-level instead of session-level.
    bool xact = false;
    /// Take nothing unless the statement runs on the server session that the client knows.
    bool check_identity = true;
    /// Where the client knows no server session: what the session is marked with before anything is
    /// taken, in a setting of its own, and nothing is taken or given back in one that another
    /// client has marked. 0 for no mark.
    std::uint64_t mark = 0;
    /// Take locks inside REPEATABLE READ and SERIALIZABLE transactions.
    bool allow_stale_snapshot = false;
};

[[nodiscard]] Capabilities postgresql_capabilities();

/// Precondition: `key` has passed check_postgresql_key().
[[nodiscard]] std::unique_ptr<Dialect> make_postgresql_dialect(const PostgresqlSettings& settings,
                                                               const ActualKey& key);

}  // namespace dlock::detail
