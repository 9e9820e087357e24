// Guards: ScopedLock, and the lock types of the standard library.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <mutex>
#include <string>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);
    soci::session other(url);
    bool timed_out = false;

    {
        //[scoped
        const dlock::ScopedLock guard(sql, "example 03", {.timeout = 10s});
        // held until the end of the scope
        //]
        try {
            const dlock::ScopedLock late(other, "example 03", {.timeout = 50ms});
        } catch (const dlock::LockError& error) {
            timed_out = error.code() == std::errc::timed_out;
            std::cout << error.what() << '\n';  // names the key
        }
    }

    const auto lock = dlock::create_lock(sql, "example 03");
    //[unique_lock
    std::unique_lock guard(*lock, std::defer_lock);
    if (guard.try_lock_for(10s)) {
        std::cout << "held by std::unique_lock\n";
    }
    guard.unlock();
    //]

    const auto from = dlock::create_lock(sql, "example 03: account 7");
    const auto to = dlock::create_lock(sql, "example 03: account 9");
    {
        //[scoped_lock
        const std::scoped_lock both(*from, *to);  // in any order, without a deadlock
        //]
        std::cout << "both held by std::scoped_lock: " << from->locked() << to->locked() << '\n';
    }
    return timed_out && !lock->locked() && !from->locked() && !to->locked() ? 0 : 1;
}
