// Connection strings read the way SOCI's backends read them, to see what they would connect to.
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "require.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dlock_fuzz {

using Parameters = std::map<std::string, std::string>;

/// SOCI's mysql backend: name=value, the value bare or in single quotes, a backslash before any
/// character. It refuses a name that comes twice, and what it does not understand; nothing then.
inline std::optional<Parameters> read_mysql(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    std::size_t at = 0;
    const auto skip_space = [&] {
        while (at < text.size() && is_space(text[at])) {
            ++at;
        }
        return at < text.size();
    };
    Parameters parameters;
    while (skip_space()) {
        std::string name;
        while (at < text.size() && is_letter(text[at])) {
            name += text[at++];
        }
        if (!skip_space() || text[at++] != '=' || !skip_space()) {
            return std::nullopt;
        }
        const bool quoted = text[at] == '\'';
        at += quoted ? 1 : 0;
        std::string value;
        bool closed = !quoted;
        while (at < text.size() && !(!quoted && is_space(text[at]))) {
            char c = text[at++];
            if (c == '\'') {
                if (!quoted) {
                    return std::nullopt;
                }
                closed = true;
                break;
            }
            if (c == '\\') {
                if (at == text.size()) {
                    return std::nullopt;
                }
                c = text[at++];
            }
            value += c;
        }
        if (!closed || !parameters.emplace(name, value).second) {
            return std::nullopt;
        }
    }
    return parameters;
}

/// SOCI's sqlite3 backend: a text without an equals sign is the path; else name=value, a value with
/// spaces in double quotes.
inline Parameters read_sqlite(std::string_view text) {
    Parameters parameters;
    if (text.find('=') == std::string_view::npos) {
        parameters["db"] = text;
        return parameters;
    }
    const auto take = [&text](char until) {
        const std::string_view taken = text.substr(0, text.find(until));
        text.remove_prefix(taken.size() == text.size() ? text.size() : taken.size() + 1);
        return std::string(taken);
    };
    while (!text.empty()) {
        const std::string name = take('=');
        std::string value = take(' ');
        if (value.starts_with('"')) {
            value.erase(0, 1);
            require(!value.empty(), "SOCI reads before the start of a value that begins with \" ");
            if (value.back() == '"') {
                value.pop_back();
            } else {
                value += ' ' + take('"');
                (void)take(' ');
            }
        }
        parameters[name] = value;
    }
    return parameters;
}

}  // namespace dlock_fuzz
