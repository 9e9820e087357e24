// The counter of fencing tokens in SQL Server.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/fencing_schema.hpp"

namespace dlock::detail {

// In a schema of its own in the session's database, which is what application locks belong to.
inline constexpr FencingSchema mssql_fencing_schema{
    .find = "SELECT token FROM dlock.fencing WHERE id = 1",
    .create = {"IF SCHEMA_ID('dlock') IS NULL EXEC('CREATE SCHEMA dlock')",
               "IF OBJECT_ID('dlock.fencing') IS NULL CREATE TABLE dlock.fencing "
               "(id int NOT NULL PRIMARY KEY CHECK (id = 1), token bigint NOT NULL)",
               "INSERT INTO dlock.fencing (id, token) "
               "SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM dlock.fencing)"},
    .grant = "GRANT SELECT, UPDATE ON dlock.fencing TO <login>"};

}  // namespace dlock::detail
