// Takes a lock, works, and gives the lock back.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
    const std::string url = argc > 1 ? argv[1] : "sqlite3://db=example.db";

    //[first_lock
    // A session of your own: "postgresql://dbname=shop", "mysql://db=shop", "sqlite3://db=shop.db".
    soci::session sql(url);
    const auto lock = dlock::create_lock(sql, "nightly report");
    if (!lock->try_lock_for(10s)) {
        std::cout << "another program makes the report\n";
        return 1;
    }
    std::cout << "this program alone makes the report\n";
    lock->release();
    //]

    std::cout << "database: " << lock->capabilities().database
              << "\nkey there: " << lock->actual_key().to_string() << '\n';
    return lock->locked() ? 1 : 0;
}
