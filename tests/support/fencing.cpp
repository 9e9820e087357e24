// SPDX-License-Identifier: BSL-1.0
#include "support/fencing.hpp"

#include <dlock/dlock.hpp>

#include <mutex>
#include <set>
#include <string>

namespace dlock_test {
namespace {

// The ordinary user, as the database writes it; empty where the counter is its own.
std::string login_of(const Database& database) {
    return database.is_postgresql() ? "\"lock\""
           : database.is_mysql()    ? "'lock'@'%'"
           : database.is_mssql()    ? "[lock]"
                                    : "";
}

// One statement after the other, with the user's name in the place of <login>.
void grant(soci::session& admin, std::string text, const std::string& login) {
    while (!text.empty()) {
        const auto end = text.find("; ");
        std::string statement = text.substr(0, end);
        text.erase(0, end == std::string::npos ? end : end + 2);
        statement.replace(statement.find("<login>"), 7, login);
        admin << statement;
    }
}

}  // namespace

void prepare_fencing(const Database& database) {
    static std::mutex mutex;
    static std::set<std::string> prepared;
    const std::lock_guard lock(mutex);
    if (prepared.contains(database.name)) {
        return;
    }
    if (database.admin_url.empty()) {
        dlock::create_fencing_schema(*database.open());
        prepared.insert(database.name);
        return;
    }
    const auto admin = database.open_admin();
    dlock::create_fencing_schema(*admin);
    if (const std::string login = login_of(database); !login.empty()) {
        if (database.is_postgresql()) {
            // Two GRANTs on one object at once fail ("tuple concurrently updated"). Until the
            // session ends.
            *admin << "do $$ begin perform pg_advisory_lock(7356124480231); end $$";
        }
        grant(*admin, dlock::fencing_grant(*admin), login);
    }
    prepared.insert(database.name);
}

}  // namespace dlock_test
