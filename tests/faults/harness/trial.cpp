// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/trial.hpp"

#include "faults/harness/linearizability.hpp"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace dlock_test {

Trial::Trial(const Column& column, std::uint64_t seed, bool full, OwnServer* server)
    : column_(column), full_(full), server_(server), random_(seed), key_(unique_key("fault")) {
    std::string pattern = std::filesystem::temp_directory_path() / "dlock-trial-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    history_ = std::make_unique<History>(history_path());
    ledger_ = std::make_unique<Ledger>(ledger_path());
}

Trial::~Trial() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::unique_ptr<Trial> Trial::part() {
    (void)view();  // shared, so that not each part opens one
    auto part = std::make_unique<Trial>(column_, random_(), full_, server_);
    part->view_ = view_;
    part->witness_ = witness_;
    return part;
}

void Trial::absorb(Trial& part, const std::string& what) {
    part.finish();
    const Findings& found = part.findings();
    for (const std::string& violation : found.violations) {
        check(false, what + ": " + violation);
    }
    findings_.detection = std::max(findings_.detection, found.detection);
    findings_.reacquire = std::max(findings_.reacquire, found.reacquire);
    findings_.errors += found.errors;
    findings_.histories += found.histories;
    findings_.operations += found.operations;
    findings_.open_calls += found.open_calls;
    findings_.cases += found.cases;
}

ServerView& Trial::view() {
    if (view_ == nullptr) {
        view_ = std::make_shared<ServerView>(database());
    }
    return *view_;
}

int Trial::holdings(long long session) {
    const std::lock_guard lock(mutex_);
    if (witness_ == nullptr) {
        witness_ = std::make_shared<ServerView>(database());
    }
    return witness_->holdings(session, {actual_key()});
}

void Trial::server_must_say(long long session, int expected, const std::string& when) {
    const int seen = holdings(session);
    check(seen == expected, "I3: the session has the lock " + std::to_string(seen) +
                                " times instead of " + std::to_string(expected) + " " + when);
}

int Trial::random(int most) {
    return std::uniform_int_distribution<int>(0, most)(random_);
}

std::chrono::microseconds Trial::jitter(std::chrono::microseconds most) {
    return std::chrono::microseconds(random(static_cast<int>(most.count())));
}

void Trial::check(bool good, const std::string& text) {
    if (!good) {
        const std::lock_guard lock(mutex_);
        findings_.violations.push_back(text);
    }
}

void Trial::need(bool good, const std::string& text) {
    if (!good) {
        throw Broken(text);
    }
}

void Trial::saw(std::error_code error) {
    const std::lock_guard lock(mutex_);
    findings_.errors += error && error != dlock::errc::cancelled ? 1 : 0;
}

void Trial::measure(Clock::duration& longest, Clock::time_point when) const {
    if (fault_) {  // a client may know before a witness does; zero is what was not measured
        longest = std::max({longest, when - *fault_, Clock::duration(1)});
    }
}

void Trial::detected(Clock::time_point when) {
    measure(findings_.detection, when);
}

void Trial::reacquired() {
    measure(findings_.reacquire, Clock::now());
}

void Trial::until_waiters(int count) {
    // SQLite has no server to ask: there a trial only relies on the wait being long.
    if (!database().is_sqlite()) {
        need(eventually([&] { return view().waiters(actual_key()) == count; }),
             "the server never had " + std::to_string(count) + " waiters");
    }
}

void Trial::until_holders(int count) {
    need(eventually([&] { return view().holders(actual_key()) == count; }),
         "the server never had " + std::to_string(count) + " holders");
}

void Trial::until_gone(long long session, int owner) {
    Record& look = history_->begin(Operation::gone, owner);
    need(eventually([&] { return holdings(session) == 0; }),
         "the server never took the lock from the session");
    History::end(look, Outcome::yes);
}

void Trial::finish() {
    if (!actual_key_) {  // no lock was made
        return;
    }
    check(eventually([&] { return view().holders(actual_key()) == 0; }),
          "I7: a lock is left behind on the server");
    if (!database().is_sqlite()) {
        check(eventually([&] { return view().waiters(actual_key()) == 0; }),
              "I7: a waiter is left behind on the server");
    }
    check(ledger_->overlaps() == 0, "I1: two holders at once");
    const std::string problem = explain(history_->records());
    check(problem.empty(), "I2: " + problem);
    std::set<int> owners;
    for (const Record& record : history_->records()) {
        owners.insert(record.owner);
        const bool is_call =
            record.operation != Operation::drop && record.operation != Operation::gone;
        findings_.operations += is_call ? 1 : 0;
        findings_.open_calls += is_call && record.outcome == Outcome::open ? 1 : 0;
    }
    findings_.histories += owners.size() >= 2 ? 1 : 0;
}

}  // namespace dlock_test
