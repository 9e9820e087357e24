// Names to MySQL and MariaDB: of functions, and of locks.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/simulator/syntax.hpp"

#include <optional>
#include <string>

namespace dlock::testing {

/// Throws SqlError if there is no such function, or if it takes more or fewer arguments.
void check_mysql_call(const Expression& call);

[[nodiscard]] bool is_utf8(const std::string& text);

/// MySQL compares names without case. Beyond ASCII only Latin-1's letters are known here.
[[nodiscard]] std::string lower_mysql_name(std::string name);

/// What the lock is called in the lock table; nothing for a name that MariaDB answers with NULL.
/// Throws SqlError for one that is refused.
[[nodiscard]] std::optional<std::string> mysql_lock_name(const Value& value, bool is_mariadb);

}  // namespace dlock::testing
