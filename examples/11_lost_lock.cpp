// A lock that is lost while it is held, and the hook for errors that have no caller.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";
    soci::session sql(url);
    int errors = 0;

    //[hook
    const auto log = [&errors](const dlock::LockError& error) {
        ++errors;
        std::cerr << "lock " << error.key() << ": " << error.what() << '\n';
    };
    const auto lock = dlock::create_lock(sql, "example 11", {.on_error = log});
    //]
    lock->lock();

    const bool held = lock->verify();

    sql.reconnect();  // stands for a connection that broke

    //[verify
    if (!lock->verify()) {  // one round trip: does the server still count it as held?
        std::cout << "lost: somebody else may hold it, stop before anything is written\n";
    }
    //]

    const bool lost = lock->state() == dlock::BaseLock::State::lost;
    lock->unlock();  // cannot throw: the hook is told
    std::cout << "errors that the hook saw: " << errors << '\n';
    return held && lost && errors == 1 ? 0 : 1;
}
