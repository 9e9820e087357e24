// SPDX-License-Identifier: BSL-1.0
#include "explore/tally.hpp"

#include <cstdio>

namespace dlock_test {
namespace {

using dlock::Product;
using dlock::testing::Fault;

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string_view postgresql_purpose(std::string_view sql) {
    return has(sql, "dlock.fencing")      ? "fence"
           : has(sql, "unlock_all")       ? "user"
           : has(sql, "unlock")           ? "release"
           : has(sql, "pg_try_advisory")  ? "try"
           : has(sql, "pg_advisory")      ? "wait"
           : has(sql, "pg_locks")         ? "verify"
           : has(sql, "dlock_wait")       ? "roll back"
           : has(sql, "deadlock_timeout") ? "measure"
                                          : "user";
}

std::string_view mysql_purpose(std::string_view sql) {
    return has(sql, "LAST_INSERT_ID") ? "fence"
           : has(sql, "RELEASE_LOCK") ? "release"
           : has(sql, "GET_LOCK")     ? (has(sql, ", 0)") ? "try" : "wait")
           : has(sql, "IS_USED_LOCK") ? "verify"
                                      : "user";
}

std::string_view mssql_purpose(std::string_view sql) {
    return has(sql, "dlock.fencing")       ? "fence"
           : has(sql, "sp_releaseapplock") ? "release"
           : has(sql, "@LockTimeout = 0,") ? "try"
           : has(sql, "sp_getapplock")     ? "wait"
           : has(sql, "APPLOCK_MODE")      ? "verify"
                                           : "user";
}

std::string_view oracle_purpose(std::string_view sql) {
    return has(sql, "dlock.fencing")       ? "fence"
           : has(sql, "dbms_lock.release") ? "release"
           : has(sql, "dbms_lock.convert") ? "verify"
           : has(sql, "dbms_lock.request") ? (has(sql, "timeout => 0,") ? "try" : "wait")
                                           : "user";
}

}  // namespace

std::string_view purpose_of(Product product, std::string_view sql) {
    switch (product) {
        case Product::postgresql:
            return postgresql_purpose(sql);
        case Product::mysql:
        case Product::mariadb:
            return mysql_purpose(sql);
        case Product::mssql:
            return mssql_purpose(sql);
        case Product::oracle:
            break;
    }
    return oracle_purpose(sql);
}

const char* name_of(Fault fault) {
    switch (fault) {
        case Fault::none:
            return "none";
        case Fault::lost_request:
            return "lost request";
        case Fault::lost_reply:
            return "lost reply";
        case Fault::killed_before:
            return "killed before";
        case Fault::killed_after:
            return "killed after";
        case Fault::cancelled:
            return "cancelled";
        case Fault::ended_after_grant:
            return "ended after grant";
    }
    return "?";
}

void Tally::print(std::string_view product) const {
    std::printf("%.*s: %lld schedules, %zu distinct states, %lld statements\n",
                static_cast<int>(product.size()), product.data(), schedules, states.size(),
                statements);
    std::printf("  acquired %lld, refused %lld, cancelled %lld, released %lld, lost %lld\n",
                acquired, refused, cancelled, released, lost);
    std::printf("  faults:");
    for (const auto& [site, count] : faults) {
        std::printf(" %s/%s %lld;", site.first.c_str(), site.second.c_str(), count);
    }
    std::printf("\n  errors:");
    for (const auto& [error, count] : errors) {
        std::printf(" %s %lld;", error.c_str(), count);
    }
    std::printf("\n");
}

std::string Tally::missing(Product product) const {
    std::string result;
    for (const char* const purpose : {"try", "wait", "verify", "release", "fence"}) {
        for (const Fault fault : {Fault::lost_request, Fault::lost_reply, Fault::killed_before,
                                  Fault::killed_after, Fault::cancelled}) {
            if (!faults.contains({purpose, name_of(fault)})) {
                result += std::string(purpose) + "/" + name_of(fault) + " ";
            }
        }
    }
    if (product == Product::postgresql &&
        !faults.contains({"wait", name_of(Fault::ended_after_grant)})) {
        result += "wait/ended after grant";
    }
    return result;
}

}  // namespace dlock_test
