// The counter of fencing tokens in SQLite.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/fencing_schema.hpp"

namespace dlock::detail {

// SQLite has no schemas: the table stands among the user's.
inline constexpr FencingSchema sqlite_fencing_schema{
    .find = "SELECT token FROM main.dlock_fencing WHERE id = 1",
    .create = {"CREATE TABLE IF NOT EXISTS main.dlock_fencing "
               "(id INTEGER PRIMARY KEY CHECK (id = 1), token INTEGER NOT NULL)",
               "INSERT OR IGNORE INTO main.dlock_fencing (id, token) VALUES (1, 0)"},
    .grant = ""};

}  // namespace dlock::detail
