// SPDX-License-Identifier: BSL-1.0
#include "faults/harness/trial.hpp"

#include "faults/harness/linearizability.hpp"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

namespace dlock_test {

Trial::Trial(const Column& column, std::uint64_t seed, bool full, OwnServer* server)
    : column_(column), full_(full), server_(server), random_(seed), key_(unique_key("fault")) {
    std::string pattern = std::filesystem::temp_directory_path() / "dlock-trial-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    history_ = std::make_unique<History>(history_path());
}

Trial::~Trial() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::unique_ptr<Trial> Trial::part() {
    (void)view();  // shared, so that not each part opens one
    auto part = std::make_unique<Trial>(column_, random_(), full_, server_);
    part->view_ = view_;
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
    findings_.operations += found.operations;
    findings_.cases += found.cases;
}

ServerView& Trial::view() {
    if (view_ == nullptr) {
        view_ = std::make_shared<ServerView>(database());
    }
    return *view_;
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

void Trial::detected() {
    findings_.detection = std::max(findings_.detection, Clock::now() - fault_);
}

void Trial::reacquired() {
    findings_.reacquire = std::max(findings_.reacquire, Clock::now() - fault_);
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
    const std::string problem = explain(history_->records());
    check(problem.empty(), "I2: " + problem);
    findings_.operations += static_cast<long>(history_->records().size());
}

}  // namespace dlock_test
