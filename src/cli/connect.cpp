// SPDX-License-Identifier: BSL-1.0
#include "connect.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"

#include <dlock/keepalive.hpp>

#include <soci/backend-loader.h>
#ifdef DLOCK_HAS_MYSQL
#include <soci/mysql/soci-mysql.h>
#endif

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>

namespace dlock::cli {
namespace {

enum class Refusal { login, database, other };

[[noreturn]] void fail(const Target& target, Refusal refusal, const std::string& message) {
    const std::string said = foreign(message);
    switch (refusal) {
        case Refusal::login:
            throw Failure(exit_refused, target.product + " refused the login: " + said +
                                            "; check user and password, and that the server lets "
                                            "them in from here");
        case Refusal::database:
            throw Failure(exit_unavailable, target.product +
                                                " does not have the database: " + said +
                                                "; correct its name in the URL, or create it");
        case Refusal::other:
            break;
    }
    throw Failure(exit_unavailable, "cannot connect to " + target.product + ": " + said +
                                        "; check that the server runs, and host and port in the "
                                        "URL");
}

// The server's answer to a login comes as text only: SOCI keeps no SQLSTATE of it. A server that
// speaks another language than English ends as `other`.
Refusal postgresql_refusal(std::string_view message) {
    const auto says = [message](std::string_view words) {
        return message.find(words) != std::string_view::npos;
    };
    for (const std::string_view words :
         {"authentication failed", "no password supplied", "pg_hba.conf", "permission denied",
          "not permitted to log in", "authentication method", "peer user name"}) {
        if (says(words)) {
            return Refusal::login;
        }
    }
    if (says("does not exist")) {
        return says("role \"")       ? Refusal::login
               : says("database \"") ? Refusal::database
                                     : Refusal::other;
    }
    return Refusal::other;
}

#ifdef DLOCK_HAS_MYSQL
Refusal mysql_refusal(unsigned code) {
    switch (code) {
        case 1044:  // no access to the database
        case 1045:  // access denied
        case 1130:  // host not allowed
        case 1698:  // access denied without a password
        case 1820:  // must change the password
        case 1862:  // password has expired
        case 3118:  // account is locked
        case 4151:  // account is locked (MariaDB)
            return Refusal::login;
        case 1049:
            return Refusal::database;
        default:
            return Refusal::other;
    }
}
#endif

[[noreturn]] void fail_sqlite(const Target& target) {
    const std::string& path = target.parameters;
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const bool exists = access(path.c_str(), F_OK) == 0;
    const bool refused =
        exists ? access(path.c_str(), R_OK | W_OK) != 0
               : access(folder.c_str(), F_OK) == 0 && access(folder.c_str(), W_OK | X_OK) != 0;
    throw Failure(refused ? exit_refused : exit_configuration,
                  "cannot open the SQLite database" +
                      (path.find('=') == std::string::npos ? " " + in_quotes(path) : "") +
                      (refused ? "; this user must be allowed to write it and its folder"
                               : "; it must be a database file, and its folder must exist"));
}

}  // namespace

void load_backend(const Target& target) {
    // SOCI 4.0 would also look in the working folder, where anybody may have put anything.
    if (std::getenv("SOCI_BACKENDS_PATH") == nullptr) {
        auto& paths = soci::dynamic_backends::search_paths();
        paths.erase(std::remove(paths.begin(), paths.end(), "."), paths.end());
    }
    try {
        soci::dynamic_backends::register_backend(target.backend);
    } catch (const soci::soci_error&) {
        throw Failure(exit_unavailable,
                      "SOCI's library for " + target.product + ", libsoci_" + target.backend +
                          ", is missing or cannot be loaded; install it (Debian: libsoci-" +
                          target.backend + "*), or name its folder in SOCI_BACKENDS_PATH");
    }
}

std::unique_ptr<soci::session> open_session(const Target& target) {
    try {
        return std::make_unique<soci::session>(target.backend, target.parameters);
#ifdef DLOCK_HAS_MYSQL
    } catch (const soci::mysql_soci_error& error) {
        fail(target, mysql_refusal(error.err_num_), error.get_error_message());
#endif
    } catch (const soci::soci_error& error) {
        if (target.backend == "sqlite3") {
            fail_sqlite(target);
        }
        std::string message = error.get_error_message();
        if (const std::size_t end = message.find('\n'); end != std::string::npos) {
            message.erase(0, end + 1);  // SOCI's own line before libpq's
        }
        fail(target, postgresql_refusal(message), message);
    }
}

void stay_connected(soci::session& session, const Target& target) noexcept {
    try {
        if (target.backend == "postgresql") {
            session.once << "SELECT set_config('idle_session_timeout', '0', false) "
                            "WHERE current_setting('idle_session_timeout', true) IS NOT NULL";
        } else if (target.backend == "mysql") {
            session.once << "SET SESSION wait_timeout = 31536000";  // a year, the most it takes
        }
        (void)set_keepalive(session, std::chrono::minutes(1));
    } catch (const std::exception&) {
        // The lock can be had without it; whether the session lives, the next statement tells.
    }
}

}  // namespace dlock::cli
