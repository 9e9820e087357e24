// The counter of fencing tokens in MySQL and MariaDB.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/fencing_schema.hpp"

namespace dlock::detail {

// In a database of its own, since locks belong to the whole server. COMMIT is for sessions whose
// autocommit is off.
inline constexpr FencingSchema mysql_fencing_schema{
    .find = "SELECT token FROM dlock.fencing WHERE id = 1",
    .create = {"CREATE DATABASE IF NOT EXISTS dlock",
               "CREATE TABLE IF NOT EXISTS dlock.fencing "
               "(id INT NOT NULL PRIMARY KEY, token BIGINT NOT NULL) ENGINE = InnoDB",
               "INSERT IGNORE INTO dlock.fencing (id, token) VALUES (1, 0)", "COMMIT"},
    .grant = "GRANT SELECT, UPDATE ON dlock.fencing TO <login>"};

}  // namespace dlock::detail
