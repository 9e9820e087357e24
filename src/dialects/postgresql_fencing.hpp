// The counter of fencing tokens in PostgreSQL.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/fencing_schema.hpp"

namespace dlock::detail {

// In a schema of its own, since locks know no search path.
inline constexpr FencingSchema postgresql_fencing_schema{
    .find = "SELECT token FROM dlock.fencing WHERE id = 1",
    .create = {"CREATE SCHEMA IF NOT EXISTS dlock",
               "CREATE TABLE IF NOT EXISTS dlock.fencing "
               "(id integer PRIMARY KEY CHECK (id = 1), token bigint NOT NULL)",
               "INSERT INTO dlock.fencing (id, token) VALUES (1, 0) ON CONFLICT DO NOTHING"},
    .grant =
        "GRANT USAGE ON SCHEMA dlock TO <login>; "
        "GRANT SELECT, UPDATE ON dlock.fencing TO <login>"};

}  // namespace dlock::detail
