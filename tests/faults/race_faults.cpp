// Events aimed at the moment of the grant: each side must win often, and nothing be left behind.
// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/client.hpp"
#include "faults/harness/fault.hpp"

#include <string>

namespace dlock_test {
namespace {

// Keeps the processor for the last of the way: the system wakes nobody to the microsecond.
void wait_until(Clock::time_point time) {
    while (Clock::now() < time) {
    }
}

void count(Trial& trial, bool granted) {
    ++(granted ? trial.findings().grant_first : trial.findings().event_first);
}

// The holder releases at a random microsecond of two milliseconds, and `event` happens at one of
// four: a release takes its time to be granted. What the waiter got.
template <class Event>
Answer race(Trial& trial, Client& holder, std::future<Answer> waiting, Event event) {
    const auto start = Clock::now() + 2ms;
    const auto release_at = start + trial.jitter(2ms);
    const auto event_at = start + trial.jitter(4ms);
    auto releasing = std::async(std::launch::async, [&] {
        wait_until(release_at);
        holder.must_release();
    });
    wait_until(event_at);
    event();
    releasing.get();
    return waiting.get();
}

// F11: a cancel on the server takes nothing away and leaves nothing behind. One that came first
// made the waiter ask again.
void cancel_at_the_grant(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    auto waiting = waiter.acquire_in_thread();
    trial.until_waiters(1);
    const std::string wait = trial.view().last_statement(waiter.session_id());
    const Answer answer =
        race(trial, holder, std::move(waiting), [&] { trial.view().cancel(waiter.session_id()); });
    count(trial, trial.view().last_statement(waiter.session_id()) == wait);
    trial.check(answer.yes, "I10: a wait that was cancelled at its grant: " + answer.text());
    waiter.must_release();  // the cancel may arrive only now, as late ones of administrators do
    must_be_reacquired(trial);
}

// F12.
void end_the_session_at_the_grant(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    auto waiting = waiter.acquire_in_thread();
    trial.until_waiters(1);
    waiter.may_be_dropped();
    trial.fault_now();
    const Answer answer = race(trial, holder, std::move(waiting),
                               [&] { trial.view().terminate(waiter.session_id()); });
    count(trial, answer.yes);
    waiter.until_gone();
    if (answer.yes) {
        waiter.must_find_the_loss();
    } else {
        trial.check(answer.is(dlock::errc::session_lost), "I10: a killed wait: " + answer.text());
    }
    must_be_reacquired(trial);
}

// F13: our own deadline.
void time_out_at_the_grant(Trial& trial) {
    Client holder(trial);
    Client waiter(trial);
    holder.must_acquire();
    const auto limit = 10ms;
    const auto release_at = Clock::now() + 7ms + trial.jitter(7ms);
    auto waiting = waiter.acquire_in_thread(limit);
    wait_until(release_at);
    holder.must_release();
    const Answer answer = waiting.get();
    trial.check(!answer.error, "I10: a wait at its deadline: " + answer.text());
    count(trial, answer.yes);
    if (answer.yes) {
        waiter.must_release();
    }
    must_be_reacquired(trial);
}

// F55: a stop token.
void stop_at_the_grant(Trial& trial) {
    Client holder(trial);
    const Database& database = trial.database();
    Client waiter(trial, {.helper_session = [&] { return database.open(); }});
    std::stop_source stop;
    holder.must_acquire();
    auto waiting = waiter.acquire_in_thread(30s, stop.get_token());
    trial.until_waiters(1);
    const Answer answer =
        race(trial, holder, std::move(waiting), [&] { (void)stop.request_stop(); });
    count(trial, answer.yes);
    if (answer.yes) {
        waiter.must_release();
    } else {
        trial.check(answer.is(dlock::errc::cancelled), "I10: a stopped wait: " + answer.text());
    }
    must_be_reacquired(trial);
}

Fault race_fault(const char* id, const char* title, Must must, int full,
                 void (*run)(Trial& trial)) {
    Fault fault{id, title, must, 8, full, on_servers, run};
    fault.race = true;
    return fault;
}

}  // namespace

void add_race_faults(Faults& faults) {
    faults.push_back(race_fault("F11", "a cancel on the server at the moment of the grant",
                                Must::hold, 1000, cancel_at_the_grant));
    faults.push_back(race_fault("F12", "the session is ended at the moment of the grant",
                                Must::be_loud, 300, end_the_session_at_the_grant));
    faults.push_back(race_fault("F13", "our own deadline at the moment of the grant", Must::hold,
                                1000, time_out_at_the_grant));
    faults.push_back(race_fault("F55", "a stop request at the moment of the grant", Must::hold, 300,
                                stop_at_the_grant));
}

}  // namespace dlock_test
