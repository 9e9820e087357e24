// A process with a lock, driven over its standard input: dlock_fault_worker URL KEY HISTORY LEDGER
// POOL-MODE
//
// Commands, each answered by a line: "acquire MS", "release", "verify"; "told" (of a loss, by
// on_lost(), which DLOCK_FAULT_VERIFY=MS in the environment asks for); "write TABLE VALUE"; "clock"
// (its wall clock, in seconds); "loop MICROSECONDS" takes and gives back until the ledger says
// stop; "fork exit", "fork _exit" let a child end that way, "fork destroy" after it has destroyed
// the lock; and without an answer "exit", "_exit", "quick_exit", "abort", "throw", "static" end the
// process.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/column.hpp"
#include "faults/harness/recorded_lock.hpp"
#include "support/ledger.hpp"

#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

namespace {

using dlock_test::Answer;
using dlock_test::Operation;

void say(const std::string& text) {
    std::cout << text << std::endl;
}

// One line: "yes", "no", or an error.
void say(const Answer& answer) {
    const bool lost = answer.is(dlock::errc::lock_lost) || answer.is(dlock::errc::session_lost);
    say(lost ? "error lock_lost" : answer.error ? "error " + answer.text() : answer.text());
}

// The server's number of the session.
long long number_of(soci::session& session) {
    long long id = 0;
    if (session.get_backend_name() != "sqlite3") {
        const std::string product = dlock::capabilities(session).database;
        session << (product == "PostgreSQL" ? "select pg_backend_pid()" : "select connection_id()"),
            soci::into(id);
    }
    return id;
}

// Lives until after main.
struct Globals {
    std::unique_ptr<soci::session> session;
    std::unique_ptr<dlock::BaseLock> lock;
    ~Globals() { lock.reset(); }
} globals;

void contend(dlock_test::RecordedLock& lock, dlock_test::Ledger& ledger,
             std::chrono::microseconds hold) {
    while (!ledger.stopped()) {
        if (!lock.acquire(Operation::acquire, std::chrono::seconds(60)).yes) {
            throw std::runtime_error("an acquire failed");
        }
        std::this_thread::sleep_for(hold);  // the length of the critical section, not a wait
        if (!lock.release().yes) {
            throw std::runtime_error("a release failed");
        }
        ledger.count(lock.owner());
    }
}

void end(const std::string& how, std::unique_ptr<soci::session>& session,
         dlock_test::RecordedLock& lock) {
    if (how == "throw") {
        throw std::runtime_error("as told");
    }
    if (how == "abort") {
        std::abort();
    }
    if (how == "_exit") {
        _exit(0);
    }
    if (how == "quick_exit") {
        std::quick_exit(0);
    }
    if (how == "static") {  // both are destroyed with the static objects
        globals.lock = lock.give_away();
        globals.session = std::move(session);
    }
    std::exit(0);
}

void write(soci::session& session, const std::string& table, const std::string& value) {
    try {
        session << "update " + table + " set value = " + value;
        say("yes");
    } catch (const soci::soci_error&) {
        say("error refused");
    }
}

void fork_child(const std::string& how, dlock_test::RecordedLock& lock) {
    const pid_t child = fork();
    if (child == 0) {
        if (how == "destroy") {
            lock.give_away().reset();
        }
        how == "exit" ? std::exit(0) : _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    say(status == 0 ? "yes" : "no");
}

int run(char** arguments) {
    dlock_test::Column column;
    column.pool_mode = arguments[5];
    auto session = std::make_unique<soci::session>(std::string(arguments[1]));
    dlock_test::History history(arguments[3]);
    dlock_test::Ledger ledger(arguments[4]);
    dlock::LockOptions options;
    const char* const verify_interval = std::getenv("DLOCK_FAULT_VERIFY");
    if (verify_interval != nullptr) {
        options.verify_interval = std::chrono::milliseconds(std::stol(verify_interval));
    }
    std::atomic<bool> told{false};
    auto lock = std::make_unique<dlock_test::RecordedLock>(
        history, ledger,
        dlock::create_lock(*session, std::string(arguments[2]), column.vouch(options)));
    if (verify_interval != nullptr) {
        lock->lock().on_lost([&told](const dlock::LockError&) { told = true; });
    }
    say("ready " + std::to_string(lock->owner()) + " " + std::to_string(number_of(*session)));
    for (std::string command, word; std::cin >> command;) {
        if (command == "acquire") {
            long milliseconds = 0;
            std::cin >> milliseconds;
            say(lock->acquire(Operation::acquire, std::chrono::milliseconds(milliseconds)));
        } else if (command == "release") {
            say(lock->release());
        } else if (command == "verify") {
            say(lock->verify());
        } else if (command == "told") {
            say(told ? "yes" : "no");
        } else if (command == "write") {
            std::string table;
            std::cin >> table >> word;
            write(*session, table, word);
        } else if (command == "clock") {
            say(std::to_string(std::time(nullptr)));
        } else if (command == "loop") {
            long microseconds = 0;
            std::cin >> microseconds;
            contend(*lock, ledger, std::chrono::microseconds(microseconds));
            say("yes");
        } else if (command == "fork") {
            std::cin >> word;
            fork_child(word, *lock);
        } else {
            end(command, session, *lock);
        }
    }
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 6) {
        std::cerr << "usage: dlock_fault_worker URL KEY HISTORY LEDGER POOL-MODE\n";
        return 64;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive the harness
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        std::cerr << "worker: " << error.what() << '\n';
        return 1;
    }
}
