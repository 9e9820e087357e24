// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/column.hpp"

namespace dlock_test {

dlock::LockOptions Column::vouch(dlock::LockOptions options) const {
    if (pool_mode == "session") {
        options.pooler = dlock::Pooler::session_mode;
    }
    return options;
}

std::vector<Column> all_columns() {
    std::vector<Column> columns;
    const Database* postgresql = nullptr;
    for (const Database& database : databases()) {
        if (!database.is_simulated()) {
            columns.push_back({database.name, database, "", nullptr});
        }
        if (database.is_postgresql() && database.is_native()) {
            postgresql = &database;
        }
    }
    if (postgresql == nullptr) {
        return columns;
    }
    for (const char* const mode : {"session", "transaction", "statement"}) {
        const auto bouncer = std::make_shared<Pgbouncer>(*postgresql, mode);
        if (bouncer->open_session() != nullptr) {
            columns.push_back({bouncer->database().name, bouncer->database(), mode, bouncer});
        }
    }
    return columns;
}

}  // namespace dlock_test
