// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/postgresql_settings.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace dlock::testing {
namespace {

SqlError error(const char* sqlstate, const char* message) {
    return {0, sqlstate, message};
}

constexpr std::pair<const char*, std::int64_t> units[] = {
    {"d", 86400000}, {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}};

bool is_time(const std::string& setting) {
    static const std::set<std::string> times{
        "lock_timeout",        "statement_timeout", "client_connection_check_interval",
        "transaction_timeout", "deadlock_timeout",  "idle_in_transaction_session_timeout"};
    return times.contains(setting);
}

std::string text_of(double milliseconds) {
    if (milliseconds < 0 || milliseconds > std::numeric_limits<std::int32_t>::max()) {
        throw error("22023", "outside the valid range for the parameter");
    }
    const auto whole = static_cast<std::int64_t>(std::llround(milliseconds));
    for (const auto& [unit, factor] : units) {
        if (whole != 0 && whole % factor == 0) {
            return std::to_string(whole / factor) + unit;
        }
    }
    return "0";
}

}  // namespace

const Settings& postgresql_defaults() {
    static const Settings settings{{"lock_timeout", "0"},
                                   {"statement_timeout", "0"},
                                   {"client_connection_check_interval", "0"},
                                   {"transaction_timeout", "0"},
                                   {"deadlock_timeout", "1s"},
                                   {"idle_in_transaction_session_timeout", "0"},
                                   {"default_transaction_isolation", "read committed"},
                                   {"synchronous_commit", "on"},
                                   {"application_name", ""}};
    return settings;
}

double postgresql_milliseconds(const std::string& text) {
    double number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string unit(end, text.data() + text.size());
    unit.erase(0, unit.find_first_not_of(' '));
    if (problem == std::errc() && unit.empty()) {
        return number;
    }
    for (const auto& [name, factor] : units) {
        if (problem == std::errc() && unit == name) {
            return number * static_cast<double>(factor);
        }
    }
    throw error("22023", "invalid value for parameter");
}

std::string postgresql_setting(const std::string& name, const std::string& text,
                               int server_version) {
    static const std::map<std::string, int> since{{"client_connection_check_interval", 140000},
                                                  {"transaction_timeout", 170000}};
    const auto first = since.find(name);
    if (!postgresql_defaults().contains(name) ||
        (first != since.end() && server_version < first->second)) {
        throw error("42704", "unrecognized configuration parameter");
    }
    return is_time(name) ? text_of(postgresql_milliseconds(text)) : text;
}

}  // namespace dlock::testing
