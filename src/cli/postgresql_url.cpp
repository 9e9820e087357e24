// PostgreSQL's URLs and parameters, read by libpq itself.
// SPDX-License-Identifier: BSL-1.0
#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"
#include "url.hpp"

#ifdef DLOCK_HAS_POSTGRESQL
#include <libpq-fe.h>
#endif

#include <memory>

namespace dlock::cli::detail {

#ifdef DLOCK_HAS_POSTGRESQL

namespace {

using Options = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

// libpq's own words about a text that it cannot read may hold a part of the password.
[[noreturn]] void refuse(bool list) {
    throw Failure(
        exit_configuration,
        list ? "the PostgreSQL parameters cannot be read: check the names, and put values "
               "with spaces in single quotes (postgresql://dbname=shop user=x)"
             : "the PostgreSQL URL cannot be read: check its parameters, and write special "
               "characters in user and password as %XX (postgresql://user@host:5432/db)");
}

std::string value_of(const Options& options, std::string_view name) {
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (name == option->keyword && option->val != nullptr) {
            return option->val;
        }
    }
    return {};
}

// All that was read, as a list: what could be appended to the text as it was written would be taken
// for a part of what stands there last.
std::string write_list(const Options& options) {
    std::string text;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) {
            continue;
        }
        text += option->keyword;
        text += "='";
        for (const char* c = option->val; *c != '\0'; ++c) {
            if (*c == '\'' || *c == '\\') {
                text += '\\';
            }
            text += *c;
        }
        text += "' ";
    }
    // Shows whose session it is in pg_stat_activity, unless the user has named it.
    return text + "fallback_application_name='dlock'";
}

// A slash or an @ in a password that is not written %2F or %40 makes libpq take parts of the
// password for host, port or database, and name them in its errors.
bool is_misread(const Options& options) {
    return value_of(options, "host").find('@') != std::string::npos ||
           value_of(options, "dbname").find('@') != std::string::npos ||
           value_of(options, "port").find_first_not_of("0123456789,") != std::string::npos;
}

}  // namespace

Target postgresql_target(std::string_view rest) {
    // Users of SOCI write "postgresql://postgresql://...": the backend, then libpq's own URL.
    const bool whole_url = rest.starts_with("postgresql://") || rest.starts_with("postgres://");
    const bool list = !whole_url && is_parameter_list(rest);
    const std::string text =
        whole_url || list ? std::string(rest) : "postgresql://" + std::string(rest);

    char* error = nullptr;
    const Options options(PQconninfoParse(text.c_str(), &error), PQconninfoFree);
    PQfreemem(error);
    if (options == nullptr || (!list && is_misread(options))) {
        refuse(list);
    }
    Target target{.backend = "postgresql", .product = "PostgreSQL"};
    for (const std::string_view name : {"password", "sslpassword"}) {
        const std::string password = value_of(options, name);
        target.has_password = target.has_password || !password.empty();
        if (password != value_of(options, "user")) {
            hide(password);
        }
    }
    target.parameters = write_list(options);
    return target;
}

#else

Target postgresql_target(std::string_view) {
    throw Failure(exit_configuration, "this dlock was built without PostgreSQL");
}

#endif

}  // namespace dlock::cli::detail
