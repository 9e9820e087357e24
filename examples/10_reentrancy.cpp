// Taking a key twice in one session: refused, or counted if asked for.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);
    soci::session other(url);

    //[refused
    const auto lock = dlock::create_lock(sql, "example 10");
    const auto twin = dlock::create_lock(sql, "example 10");
    lock->lock();
    std::error_code error;
    (void)twin->acquire(dlock::no_wait, error);  // errc::already_locked, on every database
    lock->release();
    //]
    std::cout << error.message() << '\n';

    //[counted
    const auto counted =
        dlock::create_lock(sql, "example 10", {.reentrancy = dlock::Reentrancy::counted});
    counted->lock();
    counted->lock();
    counted->release();  // still held
    const bool still_held = counted->locked();
    counted->release();  // free
    //]
    std::cout << "after one release of two: " << (still_held ? "held" : "free") << '\n';

    const bool is_free = dlock::create_lock(other, "example 10")->try_lock();
    return error == dlock::errc::already_locked && still_held && is_free ? 0 : 1;
}
