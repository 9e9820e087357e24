// Ends a wait from another thread.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);
    const auto held = dlock::create_lock(sql, "example 07");
    held->lock();
    bool cancelled = false;

    //[stop
    std::jthread worker([&](const std::stop_token& stop) {
        soci::session own(url);
        const auto lock = dlock::create_lock(
            own, "example 07",
            // MySQL and MariaDB: a wait is ended by KILL QUERY from another session.
            {.helper_session = [url] { return std::make_unique<soci::session>(url); }});
        try {
            (void)lock->acquire(dlock::forever, stop);
        } catch (const dlock::LockError& error) {
            cancelled = error.which() == dlock::errc::cancelled;
        }
    });
    std::this_thread::sleep_for(100ms);
    worker.request_stop();
    worker.join();
    //]

    std::cout << (cancelled ? "the wait was cancelled\n" : "the wait was not cancelled\n");
    return cancelled ? 0 : 1;
}
