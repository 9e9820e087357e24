// URLs and SOCI's parameters of MySQL and MariaDB.
// SPDX-License-Identifier: BSL-1.0
#include "exit_codes.hpp"
#include "failure.hpp"
#include "message.hpp"
#include "url.hpp"

#include <boost/url.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace dlock::cli::detail {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void refuse(const std::string& why) {
    throw Failure(exit_configuration, "the MySQL URL cannot be read: " + why);
}

constexpr const char* how_to_write =
    "write mysql://user@host:3306/db, special characters in user and password as %XX, or "
    "mysql://host=... user=... db=..., values with spaces in single quotes";

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// SOCI's parameter for a name in a URL's query, and its own names; empty for others.
std::string soci_name(std::string_view name) {
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), '-', '_');
    struct Alias {
        std::string_view name;
        std::string_view soci;
    };
    constexpr Alias aliases[] = {
        {"host", "host"},
        {"port", "port"},
        {"user", "user"},
        {"password", "password"},
        {"pass", "password"},
        {"db", "db"},
        {"dbname", "db"},
        {"service", "db"},
        {"unix_socket", "unix_socket"},
        {"socket", "unix_socket"},
        {"sslca", "sslca"},
        {"ssl_ca", "sslca"},
        {"sslcert", "sslcert"},
        {"ssl_cert", "sslcert"},
        {"sslkey", "sslkey"},
        {"ssl_key", "sslkey"},
        {"charset", "charset"},
        {"connect_timeout", "connect_timeout"},
        {"read_timeout", "read_timeout"},
        {"write_timeout", "write_timeout"},
        {"local_infile", "local_infile"},
    };
    for (const Alias& alias : aliases) {
        if (plain == alias.name) {
            return std::string(alias.soci);
        }
    }
    return {};
}

void add(Parameters& parameters, std::string_view name, std::string value) {
    if (name == "reconnect") {
        refuse(
            "remove `reconnect`: a connection that is renewed behind dlock's back has lost the "
            "lock");
    }
    const std::string soci = soci_name(name);
    if (soci.empty()) {
        refuse("it has a parameter that is not known; " + std::string(how_to_write));
    }
    const bool again = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const auto& known) { return known.first == soci; });
    if (again) {
        refuse("`" + soci + "` is given twice");
    }
    const bool number = soci == "port" || soci.ends_with("_timeout");
    if (number && (value.empty() || value.size() > 9 ||
                   value.find_first_not_of("0123456789") != std::string::npos ||
                   std::stol(value) == 0 || (soci == "port" && std::stol(value) > 65535))) {
        refuse("`" + soci + "` must be a number" + (soci == "port" ? " from 1 to 65535" : ""));
    }
    if (value.find('\0') != std::string::npos) {
        refuse("it holds %00");
    }
    parameters.emplace_back(soci, std::move(value));
}

// Reads what SOCI's mysql backend reads: name=value, the value bare or in single quotes, a
// backslash before any character.
Parameters read_list(std::string_view rest) {
    Parameters parameters;
    const auto skip_space = [&rest] {
        while (!rest.empty() && is_space(rest.front())) {
            rest.remove_prefix(1);
        }
    };
    for (skip_space(); !rest.empty(); skip_space()) {
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) {
            refuse(how_to_write);
        }
        std::string_view name = rest.substr(0, equals);
        while (!name.empty() && is_space(name.back())) {
            name.remove_suffix(1);
        }
        rest.remove_prefix(equals + 1);
        skip_space();
        const bool quote = rest.starts_with('\'');
        if (quote) {
            rest.remove_prefix(1);
        }
        std::string value;
        bool closed = !quote;
        while (!rest.empty()) {
            char c = rest.front();
            if (!quote && is_space(c)) {
                break;
            }
            rest.remove_prefix(1);
            if (c == '\'') {
                if (!quote) {
                    refuse(how_to_write);
                }
                closed = true;
                break;
            }
            if (c == '\\') {
                if (rest.empty()) {
                    refuse(how_to_write);
                }
                c = rest.front();
                rest.remove_prefix(1);
            }
            value += c;
        }
        if (!closed || (quote && !rest.empty() && !is_space(rest.front()))) {
            refuse(how_to_write);
        }
        add(parameters, name, std::move(value));
    }
    return parameters;
}

Parameters read_url(std::string_view rest) {
    const std::string text = "mysql://" + std::string(rest);
    const auto parsed = boost::urls::parse_uri(text);  // a view of the text
    // Boost.URL 1.81 takes what stands after "host:" and is no number for a path.
    if (!parsed || (!parsed->encoded_path().empty() && !parsed->encoded_path().starts_with('/'))) {
        refuse(how_to_write);
    }
    const boost::urls::url_view& url = *parsed;
    Parameters parameters;
    if (!url.encoded_host().empty()) {
        add(parameters, "host", url.host_address());  // decoded, without an IPv6 address's brackets
    }
    if (url.has_port() && !url.port().empty()) {
        add(parameters, "port", std::string(url.port()));
    }
    if (!url.encoded_user().empty()) {
        add(parameters, "user", url.user());
    }
    if (url.has_password()) {
        add(parameters, "password", url.password());
    }
    const auto segments = url.segments();
    if (segments.size() > 1) {
        refuse("one database name goes after the host; " + std::string(how_to_write));
    }
    if (segments.size() == 1 && !(*segments.begin()).empty()) {
        const std::string db = *segments.begin();
        if (db.find('@') != std::string::npos) {
            refuse(how_to_write);  // what stands before the slash is a part of a password
        }
        add(parameters, "db", db);
    }
    for (const auto& parameter : url.params()) {
        add(parameters, parameter.key, parameter.value);
    }
    if (url.has_fragment()) {
        refuse("a # in user or password is written %23");
    }
    return parameters;
}

std::string write_list(const Parameters& parameters) {
    std::string text;
    for (const auto& [name, value] : parameters) {
        text += (text.empty() ? "" : " ") + name + "='";
        for (const char c : value) {
            if (c == '\'' || c == '\\') {
                text += '\\';
            }
            text += c;
        }
        text += '\'';
    }
    return text;
}

const std::string* find(const Parameters& parameters, std::string_view name) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const auto& known) { return known.first == name; });
    return found != parameters.end() ? &found->second : nullptr;
}

}  // namespace

Target mysql_target(std::string_view rest, bool mariadb) {
    Target target{.backend = "mysql", .product = mariadb ? "MariaDB" : "MySQL"};
#ifndef DLOCK_HAS_MYSQL
    throw Failure(exit_configuration, "this dlock was built without MySQL and MariaDB");
#endif
    const Parameters parameters = is_parameter_list(rest) ? read_list(rest) : read_url(rest);
    const std::string* const password = find(parameters, "password");
    const std::string* const user = find(parameters, "user");
    if (password != nullptr && !password->empty()) {
        target.has_password = true;
        if (user == nullptr || *user != *password) {
            hide(*password);
        }
    }
    target.parameters = write_list(parameters);
    return target;
}

}  // namespace dlock::cli::detail
