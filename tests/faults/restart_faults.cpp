// The server itself is restarted, crashes, stops at once, stands still, is full, a standby, or does
// not allow it.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "faults/harness/own_server.hpp"

#include <signal.h>

#include <filesystem>
#include <list>
#include <string>
#include <vector>

namespace dlock_test {
namespace {

// A holder and two waiters in the server's queue, whom `down` takes the server from; `up` brings it
// back.
void lose_the_server(Trial& trial, const std::function<void()>& down,
                     const std::function<void()>& up) {
    std::list<Client> clients;
    std::list<std::future<Answer>> waiting;
    Client& holder = clients.emplace_back(trial);
    holder.must_acquire();
    for (int i = 1; i <= 2; ++i) {
        Client& waiter = clients.emplace_back(trial, dlock::LockOptions{.local_queue = false});
        waiting.push_back(waiter.acquire_in_thread(60s));
        trial.until_waiters(i);
    }
    for (Client& client : clients) {
        client.may_be_dropped();
    }
    trial.fault_now();
    down();
    for (std::future<Answer>& one : waiting) {
        const Answer answer = one.get();
        trial.check(answer.is(dlock::errc::session_lost),
                    "I10: a waiter that lost its server: " + answer.text());
    }
    trial.detected();
    holder.must_find_the_loss();
    up();
    trial.open_view_again();
    must_be_reacquired(trial);
}

// F14.
void restart(Trial& trial) {
    lose_the_server(
        trial, [&] { trial.server().restart(); }, [] {});
}

// F15.
void crash(Trial& trial) {
    lose_the_server(
        trial, [&] { trial.server().crash(); }, [&] { trial.server().start(); });
}

// F15b.
void stop_immediately(Trial& trial) {
    lose_the_server(
        trial, [&] { trial.server().stop_immediately(); }, [&] { trial.server().start(); });
}

// F16: whoever asks meanwhile has the answer when the server goes on, and a wait whose time is over
// by then has timed out.
void pause_the_server(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    const auto limit = 4s;
    auto waiting = waiter.acquire_in_thread(limit);
    trial.until_waiters(1);
    auto verifying = trial.server().while_paused(
        [&] { return std::async(std::launch::async, [&] { return holder.verify(); }); }, limit);
    trial.check(verifying.get().yes, "I6: a verify of a server that stood still");
    const Answer timed_out = waiting.get();
    trial.check(!timed_out.yes && !timed_out.error,
                "I10: a wait on a server that stood still: " + timed_out.text());
    auto releasing = trial.server().while_paused(
        [&] { return std::async(std::launch::async, [&] { return holder.release(); }); }, 200ms);
    const Answer released = releasing.get();
    trial.check(released.yes, "I10: a release on a server that stood still: " + released.text());
    must_be_reacquired(trial);
}

// A backend of PostgreSQL that stands still as long as this lives.
class StoppedBackend {
  public:
    StoppedBackend(Trial& trial, long long number) : process_(static_cast<pid_t>(number)) {
        std::string data;
        trial.view().sql() << "show data_directory", soci::into(data);
        std::error_code error;
        const auto place =
            std::filesystem::read_symlink("/proc/" + std::to_string(number) + "/cwd", error);
        if (error || place != std::filesystem::weakly_canonical(data, error) ||
            kill(process_, SIGSTOP) != 0) {
            throw NotApplicable("the server's backends are no processes of this machine");
        }
    }
    ~StoppedBackend() { kill(process_, SIGCONT); }
    StoppedBackend(const StoppedBackend&) = delete;
    StoppedBackend& operator=(const StoppedBackend&) = delete;

  private:
    const pid_t process_;
};

// F17: PostgreSQL has a process for each session.
void pause_the_backend(Trial& trial) {
    Client holder(trial);
    Client other(trial);
    holder.must_acquire();
    std::future<Answer> verifying;
    Answer busy;
    {
        const StoppedBackend stopped(trial, holder.session_id());
        verifying = std::async(std::launch::async, [&] { return holder.verify(); });
        busy = other.acquire(std::chrono::milliseconds(100 + trial.random(400)));
    }
    trial.check(!busy.yes && !busy.error, "I1: beside a backend that stands still: " + busy.text());
    trial.check(verifying.get().yes, "I6: a verify of a backend that stood still");
    holder.must_release();
    must_be_reacquired(trial);
}

// F20: an acquire that finds the lock table full says so; those before are held as ever.
void fill_the_lock_table(Trial& trial) {
    trial.view().sql() << "alter system set max_locks_per_transaction = 10";
    trial.view().sql() << "alter system set max_connections = 20";
    trial.server().restart();
    trial.open_view_again();
    {
        Client first(trial);
        first.must_acquire();
        const auto session = trial.database().open();
        std::list<std::unique_ptr<dlock::BaseLock>> locks;
        std::error_code error;
        for (int i = 0; !error && i < 100000; ++i) {
            locks.push_back(dlock::create_lock(*session, trial.key() + std::to_string(i),
                                               trial.column().vouch({})));
            (void)locks.back()->acquire(dlock::no_wait, error);
        }
        trial.saw(error);
        trial.check(error == dlock::errc::resource_exhausted,
                    "I10: a full lock table: " + error.message());
        trial.check(!locks.back()->locked(), "I3: refused, and locked");
        locks.resize(locks.size() / 2);  // the server needs some of the table to look into it
        trial.check(locks.front()->verify(), "an earlier lock of the session is gone");
        trial.check(first.verify().yes, "a lock of another session is gone");
        first.must_release();
    }
    trial.view().sql() << "alter system reset all";
    trial.server().restart();
    trial.open_view_again();
}

// Waits until the server has ended the sessions with these numbers, which were closed.
void until_ended(Trial& trial, const std::vector<long long>& sessions) {
    std::string query = trial.database().is_postgresql()
                            ? "select count(*) from pg_stat_activity where pid in (0"
                            : "select count(*) from information_schema.processlist where id in (0";
    for (const long long session : sessions) {
        query += ", " + std::to_string(session);
    }
    query += ")";
    trial.need(eventually([&] {
                   int count = 0;
                   trial.view().sql() << query, soci::into(count);
                   return count == 0;
               }),
               "sessions that were closed stay on the server");
}

// F21: no more sessions are to be had. Those that there are hold, release, are granted and stopped.
void fill_the_connections(Trial& trial) {
    const Database& database = trial.database();
    const bool postgresql = database.is_postgresql();
    if (postgresql) {
        trial.view().sql() << "alter system set max_connections = 20";
        trial.server().restart();
        trial.open_view_again();
    } else {
        trial.view().sql() << "set global max_connections = 10";
    }
    std::vector<long long> numbers;
    {
        Client holder(trial);
        Client waiter(trial);
        numbers = {holder.session_id(), waiter.session_id()};
        holder.must_acquire();
        std::list<std::unique_ptr<soci::session>> sessions;
        try {
            while (sessions.size() < 30) {
                sessions.push_back(database.open());
                numbers.push_back(trial.view().session_id(*sessions.back()));
            }
            trial.check(false, "the server takes any number of sessions");
        } catch (const soci::soci_error&) {
        }
        std::stop_source stop;
        auto stopped = waiter.acquire_in_thread(20s, stop.get_token());
        trial.until_waiters(1);
        (void)stop.request_stop();
        const Answer answer = stopped.get();
        trial.check(answer.is(dlock::errc::cancelled),
                    "I10: a stop on a full server: " + answer.text());
        auto waiting = waiter.acquire_in_thread();
        trial.until_waiters(1);
        holder.must_release();
        trial.check(waiting.get().yes, "a wait on a full server");
        waiter.must_release();
    }
    until_ended(trial, numbers);
    if (postgresql) {
        trial.view().sql() << "alter system reset max_connections";
        trial.server().restart();
        trial.open_view_again();
    } else {
        trial.view().sql() << "set global max_connections = 1200";
    }
    must_be_reacquired(trial);
}

// F22: a lock writes nothing.
void read_only(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    for (Client* const client : {&holder, &waiter}) {
        client->session() << (trial.database().is_postgresql()
                                  ? "set default_transaction_read_only = on"
                                  : "set session transaction read only");
    }
    holder.must_acquire();
    auto waiting = waiter.acquire_in_thread();
    trial.until_waiters(1);
    holder.must_release();
    trial.check(waiting.get().yes, "a wait in a read-only session");
    waiter.must_release();
}

// F22b: a standby grants on its own, so it is refused before anything is taken.
void standby(Trial& trial) {
    trial.server().become_standby(true);
    trial.open_view_again();
    {
        Client client(trial);
        for (const dlock::Wait wait : {dlock::no_wait, dlock::Wait(1s)}) {
            const Answer answer = client.acquire(wait);
            trial.check(answer.is(dlock::errc::read_replica), "I10: a standby: " + answer.text());
            trial.check(trial.view().holders(trial.actual_key()) == 0, "I3: a standby granted");
        }
    }
    trial.server().become_standby(false);
    trial.open_view_again();
    must_be_reacquired(trial);
}

// F23.
void not_granted(Trial& trial) {
    static const char* const functions[] = {"pg_try_advisory_lock(bigint)",
                                            "pg_advisory_xact_lock(bigint)",
                                            "pg_advisory_lock(bigint)"};
    for (const char* const function : functions) {
        trial.view().sql() << std::string("revoke execute on function ") + function +
                                  " from public";
    }
    {
        Client client(trial);
        const Answer answer = client.acquire(1s);
        trial.check(answer.is(dlock::errc::permission_denied),
                    "I10: a function that is not granted: " + answer.text());
    }
    for (const char* const function : functions) {
        trial.view().sql() << std::string("grant execute on function ") + function + " to public";
    }
    must_be_reacquired(trial);
}

std::string on_postgresql_itself(const Column& column) {
    return column.pool_mode.empty() ? on_postgresql(column) : "nothing of the pooler's";
}

std::string on_servers_themselves(const Column& column) {
    return column.pool_mode.empty() ? on_servers(column) : "nothing of the pooler's";
}

Fault own_server_fault(const char* id, const char* title, Must must, int smoke, int full,
                       WhyNot why_not, void (*run)(Trial& trial)) {
    Fault fault{id, title, must, smoke, full, std::move(why_not), run};
    fault.own_server = true;
    fault.bound = 60s;  // servers take long to come back
    return fault;
}

}  // namespace

void add_restart_faults(Faults& faults) {
    const auto add = [&](auto... parts) { faults.push_back(own_server_fault(parts...)); };
    add("F14", "the server is restarted under a holder and two waiters", Must::be_loud, 0, 10,
        on_servers, restart);
    add("F15", "the server crashes under a holder and two waiters (kill -9)", Must::be_loud, 0, 10,
        on_servers, crash);
    add("F15b", "the server stops at once under a holder and two waiters (SIGQUIT)", Must::be_loud,
        0, 10, on_postgresql, stop_immediately);
    add("F16", "the whole server stands still", Must::hold, 0, 15, on_servers, pause_the_server);
    faults.push_back({"F17", "the holder's backend stands still", Must::hold, 1, 10, on_postgresql,
                      pause_the_backend});
    add("F20", "the server's lock table is full", Must::be_loud, 0, 5, on_postgresql_itself,
        fill_the_lock_table);
    add("F21", "the server has no connection left", Must::hold, 0, 10, on_servers_themselves,
        fill_the_connections);
    faults.push_back({"F22", "read-only sessions", Must::hold, 1, 5, on_servers, read_only});
    add("F22b", "a hot standby", Must::be_refused, 1, 5, on_postgresql_itself, standby);
    add("F23", "the lock functions are not granted", Must::be_refused, 1, 5, on_postgresql_itself,
        not_granted);
}

}  // namespace dlock_test
