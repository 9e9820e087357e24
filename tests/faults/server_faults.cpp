// Sessions and statements that the server ends, and servers that have not enough or not allowed.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"

#include <string>
#include <thread>
#include <vector>

namespace dlock_test {
namespace {

// F09.
void terminate_the_holder(Trial& trial) {
    Client holder(trial);
    holder.must_acquire();
    holder.may_be_dropped();
    trial.fault_now();
    trial.view().terminate(holder.session_id());
    if (trial.random(1) == 0) {
        must_be_reacquired(trial);
        holder.must_find_the_loss();
    } else {
        holder.until_gone();
        holder.must_find_the_loss();
        must_be_reacquired(trial);
    }
}

// F09b: of two readers one loses its session and the other releases; then the writer has its turn.
void terminate_a_reader(Trial& trial) {
    Client lost(trial);
    Client reader(trial);
    Client writer(trial);
    trial.need(lost.acquire_shared().yes && reader.acquire_shared().yes, "two readers at once");
    auto waiting = writer.acquire_in_thread();
    trial.until_waiters(1);
    lost.may_be_dropped();
    trial.fault_now();
    trial.view().terminate(lost.session_id());
    lost.until_gone();
    reader.must_release();
    const Answer granted = waiting.get();
    trial.reacquired();
    trial.check(granted.yes, "I5: a writer behind two readers: " + granted.text());
    lost.must_find_the_loss();
    trial.check(writer.verify().yes, "I1: the writer's lock is gone with a reader's");
    writer.must_release();
}

// F10: a wait that somebody cancels goes on, and is granted in the end.
void cancel_a_waiter(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    auto waiting = waiter.acquire_in_thread();
    trial.until_waiters(1);
    const long long session = waiter.session_id();
    const std::string cancelled = trial.view().last_statement(session);
    trial.view().cancel(session);
    trial.need(eventually([&] { return trial.view().last_statement(session) != cancelled; }),
               "the server never ended the wait");
    trial.until_waiters(1);
    holder.must_release();
    const Answer answer = waiting.get();
    trial.check(answer.yes, "I10: a wait that was cancelled on the server: " + answer.text());
    waiter.must_release();
}

// F19: limits of the server that fire in a wait neither end nor shorten it.
void server_side_time_limits(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    if (trial.database().is_postgresql()) {
        waiter.session() << "set statement_timeout = 60";
        waiter.session() << "set lock_timeout = 40";
    } else {
        int mariadb = 0;
        waiter.session() << "select version() like '%MariaDB%'", soci::into(mariadb);
        waiter.session() << (mariadb != 0 ? "set max_statement_time = 0.06"
                                          : "set max_execution_time = 60");
        waiter.session() << "set lock_wait_timeout = 1";
    }
    const Answer timed_out = waiter.acquire(300ms);
    trial.check(!timed_out.yes && !timed_out.error,
                "I10: a wait beyond the server's own limit: " + timed_out.text());
    auto waiting = waiter.acquire_in_thread();
    trial.until_waiters(1);
    holder.must_release();
    const Answer granted = waiting.get();
    trial.check(granted.yes, "I10: a wait under the server's own limit: " + granted.text());
    waiter.must_release();
}

// F18: the server ends sessions that are idle for too long, in a transaction too.
void idle_reaper(Trial& trial, const std::vector<std::string>& limits) {
    Client holder(trial);
    holder.must_acquire();
    holder.may_be_dropped();
    trial.fault_now();
    for (const std::string& limit : limits) {
        holder.session() << limit;
    }
    holder.until_gone();
    must_be_reacquired(trial);
    holder.must_find_the_loss();
}

std::vector<std::string> idle_limits(const Trial& trial, int seconds) {
    const std::string limit = std::to_string(seconds);
    if (trial.database().is_postgresql()) {
        return {"set idle_session_timeout = " + limit + "000"};
    }
    return {"set session interactive_timeout = " + limit, "set session wait_timeout = " + limit};
}

// F19b: PostgreSQL 17 and later end the session.
void transaction_timeout(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    waiter.session() << "set transaction_timeout = 300";
    waiter.session().begin();
    waiter.may_be_dropped();
    trial.fault_now();
    const Answer answer = waiter.acquire(30s);
    trial.detected();
    trial.check(answer.is(dlock::errc::session_lost),
                "I10: a wait beyond the transaction's time: " + answer.text());
    trial.check(holder.verify().yes, "I1: the holder's lock is gone with a waiter's session");
    holder.must_release();
    must_be_reacquired(trial);
}

std::string where_transactions_have_a_limit(const Column& column) {
    if (!column.database.is_postgresql()) {
        return "PostgreSQL's";
    }
    if (!column.missing.empty()) {
        return "";
    }
    int version = 0;
    *column.database.open() << "select cast(current_setting('server_version_num') as integer)",
        soci::into(version);
    return version < 170000 ? "PostgreSQL 17 and later have it" : everywhere(column);
}

bool is_mariadb(const Column& column) {
    return column.product() == "mariadb";
}

std::string where_transactions_idle(const Column& column) {
    return is_mariadb(column) || column.database.is_postgresql() ? everywhere(column)
                                                                 : "MySQL has no such limit";
}

void idle_transaction_reaper(Trial& trial) {
    idle_reaper(trial,
                {is_mariadb(trial.column()) ? "set idle_transaction_timeout = 1"
                                            : "set idle_in_transaction_session_timeout = 300",
                 "begin"});
}

// F18c: who asks for its lock is not idle.
void not_idle(Trial& trial) {
    Client holder(trial, {.verify_interval = 1s});
    for (const std::string& limit : idle_limits(trial, 2)) {
        holder.session() << limit;
    }
    holder.must_acquire();
    std::this_thread::sleep_for(4s);  // the fault itself
    trial.check(holder.verify().yes, "I6: a lock that is asked for was lost");
    holder.must_release();
}

}  // namespace

void add_server_faults(Faults& faults) {
    faults.push_back({"F09", "the holder's session is ended by an administrator", Must::be_loud, 3,
                      50, on_servers, terminate_the_holder});
    faults.push_back({"F09b", "a reader's session is ended while a writer waits", Must::be_loud, 2,
                      50, on_postgresql, terminate_a_reader});
    faults.push_back({"F10", "a waiting acquire is cancelled on the server", Must::hold, 3, 50,
                      on_servers, cancel_a_waiter});
    faults.push_back({"F18", "the server ends idle sessions", Must::be_loud, 1, 10, on_servers,
                      [](Trial& trial) { idle_reaper(trial, idle_limits(trial, 1)); }});
    faults.push_back({"F18b", "the server ends sessions that are idle in a transaction",
                      Must::be_loud, 1, 10, where_transactions_idle, idle_transaction_reaper});
    faults.push_back({"F18c", "the server ends idle sessions, and the holder asks in time",
                      Must::hold, 0, 10, on_servers, not_idle});
    faults.push_back({"F19", "time limits of the server fire in a wait", Must::hold, 2, 20,
                      on_servers, server_side_time_limits});
    faults.push_back({"F19b", "transaction_timeout fires in a wait", Must::be_loud, 1, 20,
                      where_transactions_have_a_limit, transaction_timeout});
}

}  // namespace dlock_test
