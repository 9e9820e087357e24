// Locks, the transactions around them, deadlocks, and pools of sessions.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"

#include <atomic>
#include <list>
#include <string>
#include <vector>

namespace dlock_test {
namespace {

// A statement that fails, and on PostgreSQL the transaction with it.
void fail(soci::session& session) {
    try {
        session << "select no_such_column";
    } catch (const soci::soci_error&) {
    }
}

void must_be_held(Trial& trial, Client& holder, const std::string& after) {
    const Answer answer = holder.verify();
    trial.check(answer.yes, "I6: " + after + " took the lock along: " + answer.text());
}

// F44: a lock that was taken before a transaction or in it outlives its commit, its rollback, that
// of a savepoint, and its failure; and can be given back before its end.
void end_a_transaction(Trial& trial) {
    enum class End { commit, rollback, savepoint, failure };
    auto end = static_cast<End>(trial.random(3));
    if (end == End::savepoint && trial.database().is_odbc() && trial.database().is_postgresql()) {
        end = End::rollback;  // psqlODBC loses a savepoint of its own, and fails, locks or no locks
    }
    const bool before = trial.random(1) == 0;
    // By ODBC nobody knows a transaction that has failed; the release would say so.
    const bool release_first =
        trial.random(1) == 0 && !(end == End::failure && trial.database().is_odbc());
    Client holder(trial);
    Client other(trial);
    if (before) {
        holder.must_acquire();
    }
    holder.session().begin();
    if (end == End::savepoint) {
        holder.session() << "savepoint dlock_faults";
    }
    if (!before) {
        holder.must_acquire();
    }
    switch (end) {
        case End::commit:
        case End::rollback:
            break;
        case End::savepoint:
            holder.session() << "rollback to savepoint dlock_faults";
            must_be_held(trial, holder, "the savepoint");
            break;
        case End::failure:
            fail(holder.session());
            break;
    }
    trial.check(!other.acquire(dlock::no_wait).yes, "I1: in another's transaction");
    if (release_first) {
        holder.must_release();
        other.must_acquire();
        other.must_release();
    }
    end == End::commit ? holder.session().commit() : holder.session().rollback();
    if (!release_first) {
        must_be_held(trial, holder, "the transaction");
        trial.check(!other.acquire(dlock::no_wait).yes, "I1: after another's transaction");
        holder.must_release();
    }
    must_be_reacquired(trial);
}

// F51: each of `size` sessions holds a lock and waits for the next one's. At least one is told, and
// the others have their turn.
void wait_in_a_ring(Trial& trial, int size) {
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::unique_ptr<dlock::BaseLock>> held;
    std::vector<std::unique_ptr<dlock::BaseLock>> wanted;
    // The first lock is the trial's own key, the others stand in no history.
    const auto make = [&](Client& client, int number) {
        return dlock::create_lock(client.session(), trial.key() + "-" + std::to_string(number),
                                  trial.column().vouch({}));
    };
    for (int i = 0; i < size; ++i) {
        clients.push_back(std::make_unique<Client>(trial));
        held.push_back(i == 0 ? nullptr : make(*clients[i], i));
        wanted.push_back(i == size - 1 ? nullptr : make(*clients[i], i + 1));
        if (i == 0) {
            clients[i]->must_acquire();
        } else {
            held[i]->lock();
        }
    }
    std::atomic<int> victims{0};
    const auto wait_and_release = [&](int i) {
        std::error_code error;
        bool granted = false;
        if (wanted[i] == nullptr) {
            const Answer answer = clients[i]->acquire(60s);
            granted = answer.yes;
            error = answer.error ? answer.error->code() : std::error_code();
        } else {
            granted = wanted[i]->acquire(60s, error);
            trial.saw(error);
        }
        trial.check(granted || error == dlock::errc::deadlock,
                    "I10: a wait in a ring: " + error.message());
        victims += granted ? 0 : 1;
        if (granted) {
            wanted[i] == nullptr ? clients[i]->must_release() : wanted[i]->release();
        }
        held[i] == nullptr ? clients[i]->must_release() : held[i]->release();
    };
    trial.fault_now();
    std::list<std::future<void>> waiting;
    for (int i = 0; i < size; ++i) {
        waiting.push_back(std::async(std::launch::async, wait_and_release, i));
    }
    for (std::future<void>& one : waiting) {
        one.get();
    }
    trial.check(victims >= 1, "I10: nobody was told of the deadlock");
    // MySQL and MariaDB may find it in two sessions at the same time.
    trial.check(victims == 1 || !trial.database().is_postgresql(),
                "I10: " + std::to_string(victims) + " victims of one deadlock");
}

// F38: a lock whose lease goes back to its pool while it is held: the next user inherits nothing.
void return_a_lease(Trial& trial, bool ended) {
    soci::connection_pool pool(1);
    pool.at(0).open(trial.database().url);
    const auto make = [&] {
        return dlock::create_lock(pool, trial.key(), trial.column().vouch({}));
    };
    {
        RecordedLock lock(trial.history(), trial.ledger(), make());
        trial.set_actual_key(lock.lock().actual_key());
        trial.need(lock.acquire(Operation::acquire, 30s).yes, "a lock of a pool");
        if (ended) {
            const long long session = trial.view().session_id(pool.at(0));
            lock.may_be_dropped();
            trial.fault_now();
            trial.view().terminate(session);
            trial.until_gone(session, lock.owner());
            trial.check(!lock.verify().yes, "I6: verify believes in a lock that is lost");
            trial.detected();
            const Answer released = lock.release();
            trial.saw(released.error ? released.error->code() : std::error_code());
            trial.check(released.is(dlock::errc::lock_lost),
                        "I10: the release of a lost lock: " + released.text());
        }
        lock.destroy();
    }
    must_be_reacquired(trial);
    RecordedLock next(trial.history(), trial.ledger(), make());
    trial.check(!next.lock().locked(), "I7: the next user inherited a lock");
    trial.check(next.acquire(Operation::acquire, 30s).yes, "I8: the pool's session does not work");
    Client other(trial);
    trial.check(!other.acquire(dlock::no_wait).yes, "I1: beside the pool's next user");
    next.destroy();
}

std::string where_rings_are_found(const Column& column) {
    return column.database.is_sqlite() ? "SQLite finds no deadlocks; use time-outs"
                                       : on_servers(column);
}

}  // namespace

void add_transaction_faults(Faults& faults) {
    faults.push_back({"F38", "a lease goes back to its pool while the lock is held", Must::hold, 1,
                      20, everywhere, [](Trial& trial) { return_a_lease(trial, false); }});
    faults.push_back({"F38b", "a lease goes back to its pool after its session was ended",
                      Must::be_loud, 1, 20, on_servers,
                      [](Trial& trial) { return_a_lease(trial, true); }});
    faults.push_back({"F44",
                      "commit, rollback, savepoint and failure of a transaction around a lock",
                      Must::hold, 3, 40, on_servers, end_a_transaction});
    faults.push_back({"F51", "a deadlock of two sessions", Must::be_loud, 1, 25,
                      where_rings_are_found, [](Trial& trial) { wait_in_a_ring(trial, 2); }});
    faults.push_back({"F51b", "a deadlock of three sessions", Must::be_loud, 1, 25,
                      where_rings_are_found, [](Trial& trial) { wait_in_a_ring(trial, 3); }});
}

}  // namespace dlock_test
