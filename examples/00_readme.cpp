// The ten lines of the README.
// SPDX-License-Identifier: BSL-1.0
#include <dlock/dlock.hpp>

#include <soci/soci.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;

int main(int count, char** arguments) {
    const std::string url = count > 1 ? arguments[1] : "sqlite3://db=shop.db";
    //[readme
    soci::session sql(url);  // "postgresql://dbname=shop", "mysql://db=shop", "sqlite3://db=shop.db"

    const auto lock = dlock::create_lock(sql, "billing:user:42");
    if (lock->try_lock_for(5s)) {
        // Nobody else is here, on no machine.
        lock->release();
    }

    const dlock::ScopedLock guard(sql, "report", {.timeout = 5s});  // a timeout throws, naming the key
    //]
    return guard.lock().locked() ? 0 : 1;
}
