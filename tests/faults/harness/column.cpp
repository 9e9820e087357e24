// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/column.hpp"

#include "support/gate.hpp"

#include <algorithm>

namespace dlock_test {

std::string Column::product() const {
    const std::string first = name.substr(0, name.find('-'));
    return first == "pgbouncer" ? "postgresql" : first;
}

dlock::LockOptions Column::vouch(dlock::LockOptions options) const {
    if (pool_mode == "session") {
        options.pooler = dlock::Pooler::session_mode;
    }
    return options;
}

Database with_timeouts(Database database) {
    if (database.is_odbc()) {
        database.url += database.is_mysql()
                            ? "READ_TIMEOUT=2;WRITE_TIMEOUT=2;"
                            : "pqopt={keepalives_idle=1 keepalives_interval=1 keepalives_count=2 "
                              "tcp_user_timeout=2000};";
    }
    return database;
}

Column behind(const std::shared_ptr<Pgbouncer>& bouncer, const Database& direct) {
    Column column{bouncer->database().name, bouncer->database(), bouncer->mode(), bouncer};
    if (direct.is_odbc()) {
        column.name += "-odbc";
        column.database = direct;
        set_port(column.database, port_of(bouncer->database()));
    }
    return column;
}

namespace {

// Before PostgreSQL: in all modes by its own client, where one is found, in session mode by ODBC,
// too.
void add_pgbouncer(std::vector<Column>& columns, const std::string& mode) {
    const std::vector<Column> direct = {columns.at(0), columns.at(1)};
    std::shared_ptr<Pgbouncer> bouncer;
    if (direct[0].missing.empty() && Pgbouncer::is_installed()) {
        bouncer = std::make_shared<Pgbouncer>(direct[0].database, mode);
        if (bouncer->open_session() == nullptr) {
            bouncer = nullptr;
        }
    }
    for (const Column& one : direct) {
        const bool odbc = &one != direct.data();
        if (odbc && mode != "session") {
            continue;
        }
        if (bouncer != nullptr && one.missing.empty()) {
            columns.push_back(behind(bouncer, one.database));
        } else {
            columns.push_back({"pgbouncer-" + mode + (odbc ? "-odbc" : ""),
                               {},
                               mode,
                               nullptr,
                               one.missing.empty() ? "no pgbouncer" : one.missing});
        }
    }
}

}  // namespace

std::vector<Column> all_columns() {
    std::vector<Column> columns;
    for (const char* const name :
         {"postgresql", "postgresql-odbc", "mariadb", "mariadb-odbc", "mysql", "mysql-odbc"}) {
        columns.push_back({name, {}, "", nullptr, "no such server"});
    }
    for (const Database& database : databases()) {
        if (database.is_simulated()) {
            continue;
        }
        const auto known = std::find_if(columns.begin(), columns.end(), [&](const Column& column) {
            return column.name == database.name;
        });
        Column& column = known != columns.end() ? *known : columns.emplace_back();
        column = {database.name, database, "", nullptr};
    }
    for (const char* const mode : {"session", "transaction", "statement"}) {
        add_pgbouncer(columns, mode);
    }
    return columns;
}

}  // namespace dlock_test
