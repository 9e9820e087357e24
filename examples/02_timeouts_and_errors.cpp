// What comes back: false when the time is over, LockError for all else, and what to do then.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

//[retry
std::string what_next(const dlock::LockError& error) {
    switch (error.retry()) {
        case dlock::Retry::same_call:
            return "call again";
        case dlock::Retry::new_transaction:
            return "roll back, release other locks, call again";
        case dlock::Retry::new_session:
            return "connect anew, call again";
        case dlock::Retry::never:
            break;
    }
    return "change the program or its configuration";
}
//]

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session theirs(url);
    soci::session ours(url);
    const auto held = dlock::create_lock(theirs, "example 02");
    held->lock();
    const auto lock = dlock::create_lock(ours, "example 02");

    //[waits
    const bool at_once = lock->try_lock();           // one try
    const bool in_time = lock->try_lock_for(250ms);  // waits at most 250 ms
    const bool again =
        lock->acquire(dlock::no_wait);  // as try_lock(); also dlock::forever, 5s, ...
    //]

    //[error_code
    std::error_code error;
    if (!lock->acquire(100ms, error) && !error) {
        std::cout << "timed out\n";
    }
    //]

    try {
        lock->lock();  // without limit, while this thread holds the key: it would wait for itself
    } catch (const dlock::LockError& caught) {
        std::cout << caught.what() << "\nnext: " << what_next(caught) << '\n';
        const bool expected = caught.code() == std::errc::resource_deadlock_would_occur;
        return expected && !at_once && !in_time && !again && !error ? 0 : 1;
    }
    return 1;
}
