// Poolers and proxies: found before anything is taken.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "support/gate.hpp"

namespace dlock_test {
namespace {

void must_be_refused(Trial& trial, soci::session& session, dlock::errc expected) {
    const auto lock = dlock::create_lock(session, trial.key());
    trial.set_actual_key(lock->actual_key());
    for (const dlock::Wait wait : {dlock::no_wait, dlock::Wait(1s)}) {
        std::error_code error;
        const bool granted = lock->acquire(wait, error);
        trial.saw(error);
        trial.check(!granted && error == expected, "I10: behind a pooler: " + error.message());
        trial.check(trial.view().holders(trial.actual_key()) == 0, "I3: behind a pooler it holds");
    }
}

// F45: the caller has vouched for nothing.
void pgbouncer(Trial& trial) {
    const auto session = trial.database().open();
    must_be_refused(trial, *session, dlock::errc::pooler_detected);
}

// The connection id in MySQL's greeting, which a proxy makes up: it follows the header of four
// bytes, the protocol's version and the server's version with its zero.
void change_connection_id(std::string& greeting) {
    const auto id = greeting.find('\0', 5) + 1;
    greeting.at(id) = static_cast<char>(greeting.at(id) ^ 1);
}

// F45b: for all that can be told, it may as well have reconnected silently.
void changed_connection_id(Trial& trial) {
    Gate gate(trial.database());
    gate.on_greeting(change_connection_id);
    const auto session = gate.database().open();
    must_be_refused(trial, *session, dlock::errc::session_changed);
}

std::string where_connection_ids_show(const Column& column) {
    if (!column.database.is_mysql()) {
        return "MySQL's and MariaDB's";
    }
    return column.database.is_odbc() ? "ODBC does not show the connection id of the greeting" : "";
}

std::string behind_pgbouncer(const Column& column) {
    if (column.pool_mode.empty()) {
        return "no pooler";
    }
    return column.database.is_odbc()
               ? "ODBC does not show its server session: BehindPgbouncerByOdbc"
               : "";
}

}  // namespace

void add_pooler_faults(Faults& faults) {
    faults.push_back({"F45", "pgbouncer, for which nobody vouches", Must::be_refused, 2, 20,
                      behind_pgbouncer, pgbouncer});
    faults.push_back({"F45b", "a MySQL proxy with a connection id of its own", Must::be_refused, 2,
                      20, where_connection_ids_show, changed_connection_id});
}

}  // namespace dlock_test
