// SPDX-License-Identifier: BSL-1.0
#include "url.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"

#include <algorithm>

namespace dlock::cli {
namespace {

constexpr std::string_view separator = "://";
constexpr std::string_view known_forms =
    "it begins with postgresql://, mysql://, mariadb:// or sqlite://";

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// The scheme in lower case, empty if there is none.
std::string scheme_of(std::string_view text) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) {
        return {};
    }
    std::string scheme(text.substr(0, at));
    for (char& c : scheme) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
        const bool allowed = is_letter(c) || (c >= '0' && c <= '9') || c == '+';
        if (!allowed) {
            return {};
        }
    }
    return scheme;
}

}  // namespace

namespace detail {

bool is_parameter_list(std::string_view rest) {
    const auto skip = [&rest](auto what) {
        rest.remove_prefix(static_cast<std::size_t>(
            std::find_if_not(rest.begin(), rest.end(), what) - rest.begin()));
    };
    skip(is_space);
    const std::size_t before = rest.size();
    skip([](char c) { return is_letter(c) || c == '_'; });
    if (rest.size() == before) {
        return false;
    }
    skip(is_space);
    return rest.starts_with('=');
}

}  // namespace detail

Target parse_url(std::string_view text) {
    const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (has_control) {
        throw Failure(exit_configuration,
                      "the database URL cannot be read: it holds a line break or another control "
                      "character; write it on one line");
    }
    const std::string scheme = scheme_of(text);
    if (scheme.empty()) {
        throw Failure(exit_configuration, "the database URL cannot be read: " +
                                              std::string(known_forms) + "; see dlock(1)");
    }
    const std::string_view rest = text.substr(scheme.size() + separator.size());
    if (scheme == "postgresql" || scheme == "postgres") {
        return detail::postgresql_target(rest);
    }
    if (scheme == "mysql" || scheme == "mariadb") {
        return detail::mysql_target(rest, scheme == "mariadb");
    }
    if (scheme == "sqlite" || scheme == "sqlite3") {
        return detail::sqlite_target(rest, scheme == "sqlite3");
    }
    throw Failure(
        exit_configuration,
        "the database URL names a database that dlock does not know; " + std::string(known_forms));
}

}  // namespace dlock::cli
