// What users and their sessions do behind a lock's back.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "faults/harness/guarded.hpp"
#include "support/fencing.hpp"

#include <soci/callbacks.h>

#include <cstdint>
#include <string>

namespace dlock_test {
namespace {

// F39.
void reconnect_or_close(Trial& trial) {
    Client holder(trial);
    holder.must_acquire();
    holder.may_be_dropped();
    trial.fault_now();
    if (trial.random(1) == 0) {
        holder.session().reconnect();
    } else {
        holder.session().close();
    }
    if (trial.database().is_odbc()) {
        // A session made now may have the address of the one that was closed, and ODBC has nothing
        // else to tell them apart by: the key counts as held until the old lock has found out.
        holder.until_gone();
        holder.must_find_the_loss();
        must_be_reacquired(trial);
    } else {
        must_be_reacquired(trial);
        holder.must_find_the_loss();
    }
}

// Reconnects at once.
class Reconnect : public soci::failover_callback {
  public:
    void failed(bool& should_reconnect, std::string&) override {
        should_reconnect = true;
        asked = true;
    }
    bool asked = false;
};

// The database with its client's own reconnecting.
Database reconnecting(Database database) {
    if (database.is_mysql()) {
        database.url += database.is_odbc() ? "AUTO_RECONNECT=1;" : " reconnect=1";
    }
    return database;
}

// What the user's own statement brings about; the number of the session that there is then.
long long number_after_a_statement(Trial& trial, Client& client) {
    try {
        int one = 0;
        client.session() << "select 1", soci::into(one);
    } catch (const soci::soci_error&) {  // the one that noticed; the next goes to the new session
    }
    return trial.view().session_id(client.session());
}

// F40: the client reconnects by itself, with the lock's own statement or with the user's before. A
// write guarded by the lock must not be made by whoever lost it meanwhile: either it asks first, or
// what is written compares tokens, as the guide says.
void silent_reconnect(Trial& trial) {
    prepare_fencing(trial.database());
    const Guarded guarded(trial);
    Reconnect callback;
    Client holder(trial, reconnecting(trial.database()), {.fencing = true});
    const bool by_callback = trial.database().is_postgresql();
    if (by_callback) {
        holder.session().set_failover_callback(callback);
    }
    holder.must_acquire();
    const std::int64_t stale = holder.lock().fencing_token().value();
    trial.check(guarded.write_by_token(holder.session(), stale), "the holder's write was refused");
    holder.may_be_dropped();
    trial.fault_now();
    trial.view().terminate(holder.session_id());
    holder.until_gone();
    Client other(trial, {.fencing = true});
    other.must_acquire();
    trial.reacquired();
    trial.check(guarded.write_by_token(other.session(), other.lock().fencing_token().value()),
                "the new holder's write was refused");
    if (trial.random(1) == 0) {
        trial.check(number_after_a_statement(trial, holder) != holder.session_id(),
                    "the client did not reconnect");
        trial.check(!by_callback || callback.asked, "the client did not ask whether to reconnect");
        trial.check(!guarded.write_by_token(holder.session(), stale),
                    "I12: a stale write was made");
        trial.check(!holder.verify().yes, "I12: a stale write would have been made");
    }
    holder.must_find_the_loss();
    trial.check(other.verify().yes, "I12: the lock of another was released");
    other.must_release();
}

std::string where_clients_reconnect(const Column& column) {
    return column.database.is_postgresql() && column.database.is_odbc()
               ? "the driver does not reconnect"
               : on_servers(column);
}

// F41: what frees every lock of a session is found; what does not is harmless.
void reset_the_session(Trial& trial) {
    const bool postgresql = trial.database().is_postgresql();
    Client holder(trial);
    const auto run = [&](const char* statement) {
        int ignored = 0;
        if (std::string_view(statement).starts_with("select")) {
            holder.session() << statement, soci::into(ignored);
        } else {
            holder.session() << statement;
        }
    };
    for (const char* const statement :
         {postgresql ? "discard all" : "select release_all_locks()",
          postgresql ? "select 1 from pg_advisory_unlock_all()" : "do release_all_locks()"}) {
        holder.must_acquire();
        holder.may_be_dropped();
        trial.fault_now();
        run(statement);
        must_be_reacquired(trial);
        holder.must_find_the_loss();
    }
    holder.must_acquire();
    run(postgresql ? "reset all" : "set session sql_mode = default");
    trial.check(holder.verify().yes, "a harmless statement lost the lock");
    holder.must_release();
}

// F57: an error hook that throws, from unlock() and from a destructor.
void throwing_hook(Trial& trial) {
    int calls = 0;
    for (const bool by_hand : {true, false}) {
        Client holder(trial, {.on_error = [&](const dlock::LockError& error) {
                          ++calls;
                          trial.saw(error.code());
                          throw std::runtime_error("from the hook");
                      }});
        holder.must_acquire();
        holder.may_be_dropped();
        trial.fault_now();
        trial.view().terminate(holder.session_id());
        holder.until_gone();
        if (by_hand) {
            holder.lock().unlock();
            trial.check(!holder.lock().locked(), "locked after unlock()");
        }
    }
    trial.check(calls == 2, "I10: the hook was not told of each loss");
    must_be_reacquired(trial);
}

// F50: settings that change how SQL is read.
void hostile_settings(Trial& trial) {
    static const std::vector<const char*> of_postgresql = {
        "set standard_conforming_strings = off", "set client_encoding = 'SJIS'",
        "set bytea_output = 'escape'", "set search_path = ''", "set intervalstyle = 'iso_8601'"};
    static const std::vector<const char*> of_mysql = {
        "set sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'", "set names gbk",
        "set sql_mode = 'IGNORE_SPACE'", "set autocommit = 0"};
    const auto& settings = trial.database().is_postgresql() ? of_postgresql : of_mysql;
    for (const char* const setting : settings) {
        if (trial.database().is_odbc() && std::string_view(setting).starts_with("set names")) {
            continue;  // MariaDB's driver lets nobody say that
        }
        Client hostile(trial);
        Client plain(trial);
        hostile.session() << setting;
        hostile.must_acquire();
        const Answer busy = plain.acquire(dlock::no_wait);
        trial.check(!busy.yes && !busy.error,
                    std::string("I9: after ") + setting + ": " + busy.text());
        auto waiting = plain.acquire_in_thread();
        trial.until_waiters(1);
        hostile.must_release();
        trial.check(waiting.get().yes, "a wait beside a hostile session");
        plain.must_release();
    }
}

}  // namespace

void add_session_faults(Faults& faults) {
    faults.push_back({"F39", "the session is reconnected or closed", Must::be_loud, 2, 20,
                      on_servers, reconnect_or_close});
    faults.push_back({"F40", "the client reconnects by itself (reconnect=1, failover callback)",
                      Must::be_loud, 2, 30, where_clients_reconnect, silent_reconnect});
    faults.push_back({"F41", "DISCARD ALL, pg_advisory_unlock_all, RELEASE_ALL_LOCKS",
                      Must::be_loud, 1, 20, on_servers, reset_the_session});
    faults.push_back({"F50", "settings that change how SQL is read", Must::hold, 1, 10, on_servers,
                      hostile_settings});
    faults.push_back(
        {"F57", "an error hook that throws", Must::be_loud, 1, 20, on_servers, throwing_hook});
}

}  // namespace dlock_test
