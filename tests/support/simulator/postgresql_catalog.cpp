// SPDX-License-Identifier: BSL-1.0
#include "support/simulator/postgresql_catalog.hpp"

#include "support/simulator/server_session.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <tuple>

namespace dlock::testing {
namespace {

bool is_known(const std::string& name) {
    static const std::set<std::string> others{
        "pg_backend_pid", "pg_is_in_recovery",    "current_database",  "current_setting",
        "extract_epoch",  "pg_terminate_backend", "pg_cancel_backend", "set_config"};
    static const std::set<std::string> advisory = [] {
        std::set<std::string> names{"pg_advisory_unlock", "pg_advisory_unlock_shared",
                                    "pg_advisory_unlock_all"};
        for (const char* const kind : {"pg_advisory", "pg_try_advisory"}) {
            for (const char* const scope : {"_lock", "_xact_lock"}) {
                names.insert(std::string(kind) + scope);
                names.insert(std::string(kind) + scope + "_shared");
            }
        }
        return names;
    }();
    return others.contains(name) || advisory.contains(name);
}

}  // namespace

std::string postgresql_name(std::int64_t key) {
    const auto number = static_cast<std::uint64_t>(key);
    return std::to_string(number >> 32U) + " " + std::to_string(number & 0xFFFFFFFFU) + " 1";
}

std::string postgresql_name(std::int64_t first, std::int64_t second) {
    return std::to_string(static_cast<std::uint32_t>(first)) + " " +
           std::to_string(static_cast<std::uint32_t>(second)) + " 2";
}

std::string without_schema(const std::string& name) {
    const std::string prefix = "pg_catalog.";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

void check_postgresql_call(const Expression& called) {
    const std::string name = without_schema(called.name);
    const auto is_out_of_range = [&](const Expression& argument) {
        const auto* const number = std::get_if<std::int64_t>(&argument.value);
        return std::holds_alternative<double>(argument.value) ||
               (number != nullptr && called.arguments.size() == 2 &&
                *number != static_cast<std::int32_t>(*number));
    };
    const bool is_advisory = name.find("advisory") != std::string::npos;
    if (!is_known(name) ||
        (is_advisory &&
         (called.arguments.size() > 2 ||
          called.arguments.empty() != (name == "pg_advisory_unlock_all") ||
          std::any_of(called.arguments.begin(), called.arguments.end(), is_out_of_range)))) {
        throw SqlError(0, "42883", "function does not exist");
    }
}

std::vector<Scope::Row> postgresql_locks(const LockTable& locks) {
    // One row for a session and a mode, however often it took the lock.
    std::set<std::tuple<std::string, SessionId, Mode, bool>> entries;
    locks.for_each([&](const std::string& lock, const Grant& grant) {
        entries.emplace(lock, grant.session, grant.mode, true);
    });
    locks.for_each_waiting([&](const std::string& lock, const Request& request) {
        entries.emplace(lock, request.session, request.mode, false);
    });
    std::vector<Scope::Row> rows;
    for (const auto& [lock, pid, mode, granted] : entries) {
        std::istringstream parts(lock);
        std::int64_t numbers[3] = {};
        parts >> numbers[0] >> numbers[1] >> numbers[2];
        rows.push_back({{"locktype", std::string("advisory")},
                        {"database", std::int64_t{1}},
                        {"classid", numbers[0]},
                        {"objid", numbers[1]},
                        {"objsubid", numbers[2]},
                        {"mode", std::string(mode == Mode::shared ? "ShareLock" : "ExclusiveLock")},
                        {"pid", pid},
                        {"granted", std::int64_t{granted}}});
    }
    return rows;
}

}  // namespace dlock::testing
