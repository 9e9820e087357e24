// The columns of the table: what every case is run on.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "conformance/road.hpp"
#include "support/databases.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace dlock_test {

/// A database, and the road by which the cases' locks reach it.
struct Column : Database {
    Road road = Road::blocking;

    /// The database's, with the road: "mariadb_odbc_async".
    [[nodiscard]] std::string test_name() const;
};

/// Prints the name alone: a URL may hold a password.
std::ostream& operator<<(std::ostream& out, const Column& column);

/// Every database by every road.
[[nodiscard]] const std::vector<Column>& columns();

}  // namespace dlock_test
