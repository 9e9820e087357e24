// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/mysql_names.hpp"

#include "support/simulator/server_session.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace dlock::testing {
namespace {

// The functions that there are, and how many arguments they take.
const std::map<std::string, std::size_t>& functions() {
    static const std::map<std::string, std::size_t> known{
        {"get_lock", 2},      {"release_lock", 1},
        {"is_used_lock", 1},  {"is_free_lock", 1},
        {"connection_id", 0}, {"unhex", 1},
        {"convert", 1},       {"if", 3},
        {"_utf8mb4", 1},      {"release_all_locks", 0}};
    return known;
}

}  // namespace

void check_mysql_call(const Expression& call) {
    if (call.name == "last_insert_id" && call.arguments.size() <= 1) {
        return;
    }
    const auto known = functions().find(call.name);
    if (known == functions().end()) {
        throw SqlError(1305, "42000", "unknown SQL: " + call.name);
    }
    if (known->second != call.arguments.size()) {
        throw SqlError(1582, "42000", "incorrect parameter count: " + call.name);
    }
}

bool is_utf8(const std::string& text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i++]);
        const int following = lead < 0x80                   ? 0
                              : lead >= 0xC2 && lead < 0xE0 ? 1
                              : lead >= 0xE0 && lead < 0xF0 ? 2
                              : lead >= 0xF0 && lead < 0xF5 ? 3
                                                            : -1;
        if (following < 0) {
            return false;
        }
        for (int more = 0; more < following; ++more, ++i) {
            if (i >= text.size() || (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

std::string lower_mysql_name(std::string name) {
    bool is_latin = false;
    for (char& c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_latin && byte >= 0x80 && byte <= 0x9E && byte != 0x97) {
            c = static_cast<char>(byte + 0x20);
        }
        is_latin = byte == 0xC3;
        c = is_latin || byte >= 0x80 ? c : static_cast<char>(std::tolower(byte));
    }
    return name;
}

std::optional<std::string> mysql_lock_name(const Value& value, bool is_mariadb) {
    if (is_mariadb && std::holds_alternative<std::int64_t>(value)) {
        throw SqlError(4079, "HY000", "Illegal parameter data type");
    }
    std::string name = to_text(value);
    const bool missing = is_null(value) || name.empty();
    if (missing && is_mariadb) {
        return std::nullopt;
    }
    const auto characters =
        std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xC0) != 0x80; });
    const bool wide =
        std::any_of(name.begin(), name.end(), [](char c) { return (c & 0xF8) == 0xF0; });
    if (is_mariadb) {
        if (name.size() > 192) {
            throw SqlError(1059, "HY000", "Identifier name is too long");
        }
    } else {
        if (missing || wide || !is_utf8(name)) {
            throw SqlError(3057, "HY000", "Incorrect user-level lock name");
        }
        if (characters > 64) {
            throw SqlError(4163, "HY000", "the lock name is too long");
        }
        name = lower_mysql_name(name);
    }
    return name.substr(0, name.find('\0'));
}

}  // namespace dlock::testing
