// The databases that a test run has.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <soci/soci.h>

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace dlock_test {

struct Database {
    /// "postgresql", "mariadb", "mysql", "sqlite", with "-odbc" by way of that, with "-sim" played
    /// by the simulator; or what DLOCK_TEST_URLS calls it.
    std::string name;
    /// A SOCI connection string with its backend: "postgresql://host=... dbname=...".
    std::string url;
    /// The same server for a superuser; empty where there is none.
    std::string admin_url;

    [[nodiscard]] std::string backend() const;
    /// The name as a part of a test's name: GoogleTest takes no dashes there.
    [[nodiscard]] std::string test_name() const;
    [[nodiscard]] std::unique_ptr<soci::session> open() const;
    [[nodiscard]] std::unique_ptr<soci::session> open_admin() const;

    // The product, whatever the road to it.
    [[nodiscard]] bool is_postgresql() const { return product() == "postgresql"; }
    /// MySQL or MariaDB.
    [[nodiscard]] bool is_mysql() const { return product() == "mysql"; }
    [[nodiscard]] bool is_sqlite() const { return backend() == "sqlite3"; }
    [[nodiscard]] bool is_mssql() const { return product() == "mssql"; }
    [[nodiscard]] bool is_oracle() const { return product() == "oracle"; }

    /// A server that only plays the database, in this process.
    [[nodiscard]] bool is_simulated() const { return backend() == "simulator"; }
    [[nodiscard]] bool is_odbc() const { return backend() == "odbc"; }
    /// By the database's own client.
    [[nodiscard]] bool is_native() const { return !is_odbc() && !is_simulated(); }
    /// The same product by another road, if there is one.
    [[nodiscard]] const Database* by_its_own_client() const;

  private:
    /// "postgresql", "mysql" (MariaDB, too), "mssql", "oracle" or "sqlite3".
    [[nodiscard]] std::string product() const;
    [[nodiscard]] std::string odbc_product() const;
};

/// Prints the name alone: a URL may hold a password.
std::ostream& operator<<(std::ostream& out, const Database& database);

/// The servers of DLOCK_TEST_URLS (a file of lines "name<TAB>url", or the lines themselves,
/// separated by newlines or semicolons; a URL with semicolons in it can only stand in a file), four
/// simulated ones, and an SQLite database in a temporary folder.
[[nodiscard]] const std::vector<Database>& databases();

/// A text that no other call returns, on any machine: locks of tests must not meet.
[[nodiscard]] std::string unique_key(const std::string& prefix = "test");

}  // namespace dlock_test
