// SPDX-License-Identifier: BSL-1.0
#include "drivers/odbc_text.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace dlock::detail {
namespace {

// Without regard to the locale.
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_name_character(char c) {
    const char small = lower(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The place of the name in Statement::outputs; -1 if it is none of them.
int output_of(const Statement& statement, std::string_view name) {
    for (std::size_t i = 0; i < statement.outputs.size(); ++i) {
        if (statement.outputs[i] == nullptr) {
            break;
        }
        if (name == statement.outputs[i]) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

// Takes the next "name=value;" off `rest`; the value may stand in braces, where "}}" is a brace.
bool next_attribute(std::string_view& rest, std::string& name, std::string_view& value) {
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    name.clear();
    for (const char c : rest.substr(0, equals)) {
        if (c != ' ' && c != ';') {
            name += lower(c);
        }
    }
    rest.remove_prefix(equals + 1);
    std::size_t end = 0;
    if (rest.substr(0, 1) == "{") {
        end = rest.find('}', 1);
        while (end != std::string_view::npos && rest.substr(end + 1, 1) == "}") {
            end = rest.find('}', end + 2);
        }
        end = end == std::string_view::npos ? end : end + 1;
    } else {
        end = rest.find(';');
    }
    value = rest.substr(0, end);
    rest.remove_prefix(std::min(end, rest.size()));
    return true;
}

}  // namespace

OdbcMarkers write_odbc_sql(const Statement& statement, OdbcKey key, std::string& sql) {
    OdbcMarkers markers;
    const auto add = [&](int what) {
        sql.push_back('?');
        markers.list.at(markers.count++).what = what;
    };
    sql.clear();
    std::string_view rest = statement.sql;
    for (auto at = rest.find(':'); at != std::string_view::npos; at = rest.find(':')) {
        sql.append(rest.substr(0, at));
        rest.remove_prefix(at + 1);
        const auto end = std::find_if_not(rest.begin(), rest.end(), is_name_character);
        const auto name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        const int output = output_of(statement, name);
        if (name == "key" && key == OdbcKey::literal) {
            sql.push_back('\'');
            std::copy_if(statement.parameter.begin(), statement.parameter.end(),
                         std::back_inserter(sql), is_hex_digit);
            sql.push_back('\'');
        } else if (name == "key") {
            add(OdbcMarker::key);
        } else if (output >= 0) {
            add(output);
        } else {
            sql.append(":").append(name);
        }
        rest.remove_prefix(name.size());
    }
    sql.append(rest);
    return markers;
}

std::optional<std::int64_t> odbc_integer(std::string_view text) {
    if (text == "t" || text == "f") {
        return text == "t" ? 1 : 0;
    }
    std::int64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    return error == std::errc() && end == last ? std::optional(number) : std::nullopt;
}

bool odbc_is_warning(std::string_view sqlstate) {
    return sqlstate.substr(0, 2) == "01";
}

bool odbc_connection_lost(std::string_view sqlstate, int native_code) {
    constexpr int unexpected_end = 20017;  // FreeTDS, with the SQLSTATE of a warning
    return sqlstate.substr(0, 2) == "08" || sqlstate == "HYT01" || native_code == unexpected_end;
}

int odbc_version(std::string_view text) {
    // What MariaDB puts before its version, for replicas of MySQL 5.5.
    constexpr std::string_view replication_prefix = "5.5.5-";
    if (text.substr(0, replication_prefix.size()) == replication_prefix) {
        text.remove_prefix(replication_prefix.size());
    }
    constexpr unsigned most = 9999;  // whatever a driver says, the sum is an int
    std::array<unsigned, 3> parts{};
    const char* next = text.data();
    const char* const last = text.data() + text.size();
    for (unsigned& part : parts) {
        const auto [end, error] = std::from_chars(next, last, part);
        part = std::min(part, most);
        if (error != std::errc()) {
            break;
        }
        next = end;
        if (next == last || *next != '.') {
            break;
        }
        ++next;
    }
    return static_cast<int>(parts[0] * 10000 + parts[1] * 100 + parts[2]);
}

std::string odbc_server_name(std::string_view connection_string) {
    static constexpr std::string_view wanted[] = {
        "server",   "servername", "host",    "hostname", "address", "addr",    "port",
        "tcp_port", "socket",     "network", "dbq",      "dsn",     "filedsn", "failover_partner"};
    std::string result;
    std::string name;
    std::string_view value;
    while (next_attribute(connection_string, name, value)) {
        if (std::find(std::begin(wanted), std::end(wanted), name) != std::end(wanted) &&
            !value.empty()) {
            result.append(name).append("=").append(value).append(";");
        }
    }
    return result;
}

}  // namespace dlock::detail
