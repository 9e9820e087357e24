// The texts that ODBC asks for and gives: statements with markers, versions, connection strings.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "engine/statement.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace dlock::detail {

/// How `:key` reaches the server.
enum class OdbcKey {
    /// As a literal in quotes, which costs nothing; the value is hexadecimal digits only.
    literal,
    /// As a parameter, in the place of a `?`.
    parameter,
};

/// What one `?` of a statement stands for.
struct OdbcMarker {
    static constexpr int key = -1;
    /// `key`, or the place in Statement::outputs.
    int what = key;
};

/// The markers of a statement, in the order of appearance.
struct OdbcMarkers {
    static constexpr std::size_t most = 8;
    std::array<OdbcMarker, most> list{};
    std::size_t count = 0;
};

/// Writes the statement as ODBC takes it into `sql`: `:key` and the names of Statement::outputs are
/// replaced, all else stays. Allocates nothing if `sql` has room.
///
/// Precondition: no more than OdbcMarkers::most of them stand in it.
[[nodiscard]] OdbcMarkers write_odbc_sql(const Statement& statement, OdbcKey key, std::string& sql);

/// The column's text as an integer; PostgreSQL's booleans are 1 and 0.
[[nodiscard]] std::optional<std::int64_t> odbc_integer(std::string_view text);

/// True for the SQLSTATE of a warning.
[[nodiscard]] bool odbc_is_warning(std::string_view sqlstate);

/// True if the error itself says that the connection is gone. Others may mean it as well: the
/// driver is to be asked after every error.
[[nodiscard]] bool odbc_connection_lost(std::string_view sqlstate, int native_code);

/// SQL_DBMS_VER ("15.0.20", "10.11.000019", "5.5.5-10.6.8-MariaDB") as a number, the way in which
/// PQserverVersion() and mysql_get_server_version() have it: 150020, 101119, 100608.
[[nodiscard]] int odbc_version(std::string_view text);

/// What a connection string says of the server alone: the attributes that name host, port, socket
/// or data source, never a login or a password. Empty if there are none.
[[nodiscard]] std::string odbc_server_name(std::string_view connection_string);

}  // namespace dlock::detail
