// Which database, in all the forms a user may write it.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

namespace dlock::cli {

/// A database as SOCI opens it.
struct Target {
    /// SOCI's name of the backend.
    std::string backend{};
    /// SOCI's connection string for that backend. May hold a password.
    std::string parameters{};
    /// The name for messages.
    std::string product{};
    /// True if `parameters` hold a password.
    bool has_password = false;
};

/// Reads a SOCI connection string (`postgresql://dbname=shop user=x`) or an ordinary URL
/// (`postgresql://x@host/shop`).
///
/// They are told apart by how the part after "://" begins: with a name and an equals sign, it is
/// SOCI's; a URL can only begin so if its user name holds an equals sign that is not written %3D,
/// and is then refused for its unknown parameter.
///
/// Passwords are registered with hide(). Throws Failure with exit_configuration; no part of the
/// text that may be a password is in it.
[[nodiscard]] Target parse_url(std::string_view text);

namespace detail {

/// True if `rest`, what stands after "://", is a list of parameters.
[[nodiscard]] bool is_parameter_list(std::string_view rest);

// Each knows one database; `rest` as above.
[[nodiscard]] Target postgresql_target(std::string_view rest);
/// `mariadb`: how the user names the server.
[[nodiscard]] Target mysql_target(std::string_view rest, bool mariadb);
/// `soci_form`: the name before "://" was SOCI's own, so that `rest` is a plain path or parameters.
[[nodiscard]] Target sqlite_target(std::string_view rest, bool soci_form);

}  // namespace detail
}  // namespace dlock::cli
