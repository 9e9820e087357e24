// The same code on several databases at once; each has locks of its own.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    std::vector<std::string> urls(argv + 1, argv + argc);
    urls.emplace_back("sqlite3://db=first.db");
    urls.emplace_back("sqlite3://db=second.db");

    //[several
    std::vector<std::unique_ptr<soci::session>> sessions;
    std::vector<std::unique_ptr<dlock::BaseLock>> locks;  // destroyed before the sessions
    for (const std::string& url : urls) {
        sessions.push_back(std::make_unique<soci::session>(url));
        locks.push_back(dlock::create_lock(*sessions.back(), "example 09"));
        if (!locks.back()->try_lock_for(10s)) {
            return 1;
        }
    }
    //]

    for (const auto& lock : locks) {
        const dlock::Capabilities& can = lock->capabilities();
        std::cout << can.database << ": key " << lock->actual_key().to_string()
                  << (can.modes.contains(dlock::Mode::shared) ? ", shared" : "")
                  << (can.xact ? ", transactions" : "")
                  << (can.deadlock_detection ? ", finds deadlocks" : "") << '\n';
        if (!lock->locked()) {
            return 1;
        }
    }
    return 0;
}
