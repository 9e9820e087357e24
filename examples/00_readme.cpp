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
    // "postgresql://dbname=shop", "mysql://db=shop", "sqlite3://db=shop.db"
    soci::session sql(url);

    const auto lock = dlock::create_lock(sql, "billing:user:42");
    if (lock->try_lock_for(5s)) {
        // Nobody else is here, on no machine.
        lock->release();
    }

    // A timeout throws, naming the key.
    const dlock::ScopedLock guard(sql, "report", {.timeout = 5s});
    //]
    return guard.lock().locked() ? 0 : 1;
}
