// What PostgreSQL's catalogs tell: which functions there are, and who has which advisory lock.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/evaluate.hpp"
#include "support/simulator/lock_table.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dlock::testing {

/// What a lock is called in the lock table: classid, objid and objsubid of pg_locks.
[[nodiscard]] std::string postgresql_name(std::int64_t key);
[[nodiscard]] std::string postgresql_name(std::int64_t first, std::int64_t second);

/// The function's name without pg_catalog.
[[nodiscard]] std::string without_schema(const std::string& name);

/// Throws SqlError if there is no such function: the server looks them up before it executes
/// anything of the statement.
void check_postgresql_call(const Expression& called);

/// The rows of pg_locks.
[[nodiscard]] std::vector<Scope::Row> postgresql_locks(const LockTable& locks);

}  // namespace dlock::testing
