// Processes that are killed, stopped, forked, or that end without a word.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"
#include "faults/harness/guarded.hpp"
#include "faults/harness/process.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <array>

namespace dlock_test {
namespace {

// F01: alone, or with somebody waiting behind.
void kill_the_holder(Trial& trial) {
    Process holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    std::future<Answer> waiting;
    const bool awaited = trial.random(1) == 0;
    if (awaited) {
        waiting = waiter.acquire_in_thread();
        trial.until_waiters(1);
    }
    holder.may_be_dropped();
    trial.fault_now();
    holder.kill();
    if (awaited) {
        const Answer answer = waiting.get();
        trial.check(answer.yes, "I5: the waiter of a killed holder: " + answer.text());
        trial.reacquired();
        waiter.must_release();
    } else {
        must_be_reacquired(trial);
    }
}

// F01: one of several who contend is killed, wherever it is just then; the others go on.
void kill_in_a_crowd(Trial& trial) {
    Ledger& ledger = trial.ledger();
    const auto grants = [&] {
        long long sum = 0;
        for (int i = 0; i < Ledger::max_workers; ++i) {
            sum += ledger.grants(i);
        }
        return sum;
    };
    const Client observer(trial);  // it gives the trial its key
    std::vector<std::unique_ptr<Process>> crowd;
    for (int i = 0; i < 4; ++i) {
        crowd.push_back(std::make_unique<Process>(trial));
        crowd.back()->send("loop " + std::to_string(trial.random(500)));
    }
    const std::size_t victim = static_cast<std::size_t>(trial.random(3));
    const int first = 20 + trial.random(40);
    trial.need(eventually([&] { return grants() >= first; }), "nobody is granted");
    crowd[victim]->pause();  // until it is declared dead it keeps its lock
    crowd[victim]->may_be_dropped();
    trial.fault_now();
    crowd[victim]->kill();
    const long long before = grants();
    trial.need(eventually([&] { return grants() > before; }, 30s),
               "I5: nobody is granted any more");
    trial.reacquired();
    (void)eventually([&] { return grants() >= before + 20; });
    ledger.stop();
    for (std::size_t i = 0; i < crowd.size(); ++i) {
        if (i != victim) {
            trial.check(crowd[i]->answer() == "yes", "one of the crowd failed");
        }
    }
}

// F02: leaves no ghost in the queue.
void kill_a_waiter(Trial& trial) {
    Client holder(trial);
    Process waiter(trial);
    holder.must_acquire();
    waiter.send("acquire 60000");
    trial.until_waiters(1);
    waiter.may_be_dropped();
    trial.fault_now();
    waiter.kill();
    trial.until_waiters(0);
    trial.detected();  // by the server
    holder.must_release();
    must_be_reacquired(trial);
}

// F03: a holder that is stopped keeps its lock, and has it when it goes on, however often it would
// have asked meanwhile if it is watched.
void stop_the_holder(Trial& trial) {
    const bool watched = trial.random(1) == 0;
    Process holder(trial, watched ? "DLOCK_FAULT_VERIFY=1000" : "");
    Client other(trial);
    const auto must_be_busy = [&](std::chrono::milliseconds wait) {
        const Answer busy = other.acquire(wait);
        trial.check(!busy.yes && !busy.error, "I1: beside a stopped holder: " + busy.text());
    };
    holder.must_acquire();
    holder.pause();
    must_be_busy(std::chrono::milliseconds((watched ? 1200 : 600) + trial.random(200)));
    holder.resume();
    must_be_busy(watched ? 800ms : 400ms);  // it asks again
    trial.check(holder.call("told") == "no", "I6: a loss was told that was none");
    trial.check(holder.call("verify") == "yes", "a holder that went on does not believe");
    trial.check(holder.call("release") == "yes", "a holder that went on cannot release");
    must_be_reacquired(trial);
}

// F04: a holder that is stopped and loses its session meanwhile is told so when it goes on.
void stop_the_holder_and_end_its_session(Trial& trial) {
    const Guarded guarded(trial);
    Process holder(trial);
    Client other(trial);
    holder.must_acquire();
    const long long id = holder.session_id();
    holder.pause();
    holder.may_be_dropped();
    trial.fault_now();
    trial.view().terminate(id);
    other.must_acquire();
    trial.reacquired();
    guarded.write(other.session(), 2);
    holder.resume();
    if (trial.random(1) == 0) {
        trial.check(holder.call("write " + guarded.table() + " 1").starts_with("error") &&
                        guarded.read() == 2,
                    "I12: a stale write was made");
    }
    if (trial.random(1) == 0) {
        trial.check(holder.call("verify") == "no", "I6: a holder that lost its lock believes");
    }
    trial.check(holder.call("release") == "error lock_lost",
                "I6: the release of a holder that lost its lock");
    trial.detected();
    trial.check(other.verify().yes, "I1: the new holder lost its lock");
    other.must_release();
}

// F05: the next in line is stopped when its turn comes, and goes on when its time is over.
void stop_the_next_in_line(Trial& trial) {
    Client holder(trial);
    Process waiter(trial);
    holder.must_acquire();
    const auto limit = 4000ms;
    waiter.send("acquire " + std::to_string(limit.count()));
    trial.until_waiters(1);
    const auto deadline = Clock::now() + limit;
    waiter.pause();
    holder.must_release();
    trial.need(eventually([&] { return Clock::now() > deadline; }), "time stands still");
    waiter.resume();
    const std::string got = waiter.answer();
    trial.check(got == "yes" || got == "no", "I10: a waiter that was stopped: " + got);
    if (got == "yes") {
        trial.check(waiter.call("verify") == "yes", "I3: granted, and not believed");
        trial.check(waiter.call("release") == "yes", "I3: granted, and not to be released");
    }
    must_be_reacquired(trial);
}

// F06: what a forked child does at its end is nothing to the lock.
void fork_while_holding(Trial& trial) {
    Process holder(trial);
    Client other(trial);
    holder.must_acquire();
    for (const char* const how : {"fork exit", "fork _exit", "fork destroy"}) {
        trial.check(holder.call(how) == "yes", "a forked child failed");
        trial.check(holder.call("verify") == "yes", "I1: the lock is gone with a child");
        const Answer busy = other.acquire(dlock::no_wait);
        trial.check(!busy.yes && !busy.error, "I1: beside a child that ended: " + busy.text());
    }
    trial.check(holder.call("release") == "yes", "I8: a parent cannot release");
    must_be_reacquired(trial);
}

// F07: whatever way a process ends, its lock is free then.
void end_without_release(Trial& trial) {
    static const std::array<const char*, 6> ways = {"exit",  "_exit", "quick_exit",
                                                    "abort", "throw", "static"};
    const Client observer(trial);  // it gives the trial its key
    for (const char* const way : ways) {
        Process holder(trial);
        holder.must_acquire();
        holder.may_be_dropped();
        trial.fault_now();
        holder.send(way);
        const int status = holder.wait();
        const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
        const bool failed = std::string(way) == "throw";
        const bool exited = WIFEXITED(status) && WEXITSTATUS(status) == (failed ? 1 : 0);
        trial.check(std::string(way) == "abort" ? aborted : exited,
                    std::string("a process ended otherwise than by ") + way);
        must_be_reacquired(trial);
    }
}

// F08: a guard that goes out of scope by an exception, its connection dead, throws nothing.
void unwind_through_a_guard(Trial& trial) {
    const auto session = trial.database().open();
    const long long id = trial.view().session_id(*session);
    std::optional<dlock::errc> reported;
    std::string caught;
    dlock::LockOptions options = trial.column().vouch({});
    options.on_error = [&](const dlock::LockError& error) {
        reported = error.which();
        trial.saw(error.code());
    };
    try {
        const dlock::ScopedLock guard(*session, trial.key(), options);
        trial.set_actual_key(guard.lock().actual_key());
        trial.fault_now();
        trial.view().terminate(id);
        trial.until_holders(0);
        throw std::runtime_error("the user's own");
    } catch (const std::exception& error) {
        caught = error.what();
    }
    trial.detected();
    trial.check(caught == "the user's own", "I10: the exception became: " + caught);
    trial.check(reported == dlock::errc::session_lost || reported == dlock::errc::lock_lost,
                "I10: the error hook was not told of the loss");
    must_be_reacquired(trial);
}

}  // namespace

void add_process_faults(Faults& faults) {
    faults.push_back(
        {"F01", "kill -9 of the holder", Must::hold, 2, 50, everywhere, kill_the_holder});
    faults.push_back({"F01b", "kill -9 of any of four that contend", Must::hold, 1, 20, everywhere,
                      kill_in_a_crowd});
    faults.push_back({"F02", "kill -9 of a waiter", Must::hold, 1, 30, on_servers, kill_a_waiter});
    faults.push_back({"F03", "the holder is stopped, and goes on", Must::hold, 1, 20, everywhere,
                      stop_the_holder});
    faults.push_back({"F04", "the holder is stopped, loses its session, and goes on", Must::be_loud,
                      2, 20, on_servers, stop_the_holder_and_end_its_session});
    faults.push_back({"F05", "the next in line is stopped and goes on after its deadline",
                      Must::hold, 1, 20, on_servers, stop_the_next_in_line});
    faults.push_back({"F06", "fork while holding; the child exits or destroys the lock", Must::hold,
                      1, 20, everywhere, fork_while_holding});
    faults.push_back({"F07", "exit, _exit, quick_exit, abort, an exception, static destruction",
                      Must::hold, 1, 10, everywhere, end_without_release});
    faults.push_back({"F08", "an exception unwinds a guard whose connection is dead", Must::be_loud,
                      2, 20, on_servers, unwind_through_a_guard});
}

}  // namespace dlock_test
